/* What a rest state depends on, by the implicit function.

   What the rate s of the steps of rest.h leaves is undone by repeating the step, which takes the share s / (s + rate)
   of the error of each mode. With u the adjoint of y and M = (s - J)', and the species that laws give taken out,

       z = lim (s M^-1)^k u         what is left of u on the totals: the adjoint of y0
       v = sum_k M^-1 (s M^-1)^k (u - z)                                    the adjoint of f */

enum { REPEATS = 64 };

typedef struct {
    Step step;
    Stored u[N], z[N], v[N], r[N], q[N], x[N], c_bar[HOISTED + 1];
} Balance;

/* Take `from` to rate M^-1 from, again and again, and sum up the M^-1 from, until what changes is rounding: small
   against `scale`, and not half of what it was. NaN where it does not end, which is where a mode is too slow. */
static void repeat(const Job *job, Balance *b, Stored *from, Stored *sum, V scale)
{
    V last = all(INFINITY);
    I going = NOT(NONE);
    for (int k = 0; k < REPEATS; k++) {
        V change = {0};
        copy(b->x, from, N);
        solve_transposed(MINE(b->step.matrix), all(1.0), b->x);
        for (int i = 0; i < N; i++) {
            const V next = job->rate * b->x[i];
            change = v_max(change, v_abs(sum ? next : next - from[i]));
            from[i] = choose(going, next, from[i]);
            if (sum) sum[i] = choose(going, sum[i] + b->x[i], sum[i]);
        }
        going &= NOT((change <= 1e-14 * scale) | ((change <= 1e-6 * scale) & (change > 0.5 * last)));
        if (!any_of(going)) return;
        last = change;
    }
    for (int i = 0; i < N; i++) from[i] = choose(going, all(NAN), from[i]);
    for (int i = 0; i < N && sum; i++) sum[i] = choose(going, all(NAN), sum[i]);
}

/* The implicit function for every row, W rows side by side. */
static void rest_rows_back(const Job *job, Balance *b)
{
    Step *s = &b->step;
    for (;;) {
        const int64_t first = take_next(job->next, W);
        if (first >= job->rows) return;
        for (int l = 0; l < W; l++) {
            const int64_t row = first + l < job->rows ? first + l : first;
            take_lane(job, s, job->row_lane[row], l);
            for (int i = 0; i < N; i++) LANE(b->u[i], l) = job->cotangent[row * N + i];
        }
        balance(job, s);
        copy(b->z, b->u, N);
        take(b->z);
        copy(b->r, b->z, N);
        V scale = all(1e-300);
        for (int i = 0; i < N; i++) scale = v_max(scale, v_abs(b->r[i]));
        repeat(job, b, b->z, NULL, scale);
        for (int i = 0; i < N; i++) b->r[i] -= b->z[i];
        clear(b->v, N);
        repeat(job, b, b->r, b->v, scale);
        clear(b->c_bar, HOISTED);
        pullback(s->y, s->c, all(job->time), b->v, s->scratch, b->q, b->c_bar);
        clear(b->r, N);
        for (int k = 0; k < DEPENDENTS; k++) b->r[DEPENDENT[k]] = -(b->u[DEPENDENT[k]] + b->q[DEPENDENT[k]]);
        take(b->r);
        for (int i = 0; i < N; i++) b->z[i] += b->r[i];
        for (int k = 0; k < DEPENDENTS; k++) b->z[DEPENDENT[k]] = b->u[DEPENDENT[k]] + b->q[DEPENDENT[k]];
        for (int l = 0; l < W && first + l < job->rows; l++) {
            const int64_t row = first + l;
            const double *p = job->parameters + job->row_lane[row] * PARAMETERS;
            hoist_pullback(p, (const double *)b->c_bar + l, job->parameters_bar + row * PARAMETERS);
            for (int i = 0; i < N; i++) job->state_bar[row * N + i] = LANE(b->z[i], l);
        }
    }
}
