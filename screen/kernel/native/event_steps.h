/* Events of a lane on its way: where in a step they are, and what happens at its end. */

enum { LOOKS = 10, HALVINGS = 60 };

static const double *parameters_of(const Job *job, const Lane *lane)
{
    return job->parameters + (lane->lane * job->phases + (lane->phase < 0 ? 0 : lane->phase)) * PARAMETERS;
}

/* The state of a lane at the fraction x of its step. */
static void dense_state(const Step *s, int l, double x, double *y)
{
    for (int i = 0; i < N; i++) y[i] = LANE(s->y[i], l);
    for (int j = 0; j < STAGES; j++) {
        const double weight = x * (LAST[j] + (1.0 - x) * (DENSE[0][j] + x * (DENSE[1][j] + x * DENSE[2][j])));
        for (int i = 0; i < N; i++) y[i] += weight * LANE(s->k[j][i], l);
    }
}

/* Whether what decides on triggers has changed by the fraction x of the step; y is the state there. */
static int has_toggled(const Job *job, const Step *s, const Lane *lane, int l, double x, double *y)
{
    dense_state(s, l, x, y);
    if (x == 1.0)
        for (int i = 0; i < N; i++) y[i] = LANE(s->z[i], l);
    const double time = x == 1.0 ? lane->t : LANE(s->t, l) + x * LANE(s->h, l);
    return toggled(&s->schedule[l], parameters_of(job, lane), y, time);
}

/* Cut an accepted step where what decides on a trigger changes first: it is looked at LOOKS times, then closed in by halving. */
static void cut_step(const Job *job, Step *s, Lane *lane, int l)
{
    double y[N], low = 0.0, high = 0.0;
    lane->eventful = lane->t >= lane->stop;
    for (int look = 1; look <= LOOKS && !high; look++) {
        const double x = look == LOOKS ? 1.0 : (double)look / LOOKS;
        if (has_toggled(job, s, lane, l, x, y)) high = x;
        else low = x;
    }
    if (!high) return;
    for (int halving = 0; halving < HALVINGS; halving++) {
        const double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high) break;
        if (has_toggled(job, s, lane, l, middle, y)) high = middle;
        else low = middle;
    }
    lane->eventful = 1;
    if (high == 1.0) return;
    dense_state(s, l, high, y);
    for (int i = 0; i < N; i++) LANE(s->z[i], l) = y[i];
    lane->t = LANE(s->t, l) + high * LANE(s->h, l);
}

/* What happens at the time a lane has come to; outputs at that time show the state after it, but before what begins
   right behind it (time > 5 at 5). False where events do not come to an end. */
static int happen_here(const Job *job, Step *s, Lane *lane, int l)
{
    const double *p = parameters_of(job, lane), *times = job->times + lane->lane * job->outputs;
    const double behind = lane->t + INSET * s_max(fabs(lane->t), fabs(lane->end));
    double y[N];
    for (int i = 0; i < N; i++) y[i] = LANE(s->y[i], l);
    int good = happen(&s->schedule[l], p, lane->t, lane->t, y) >= 0;
    for (; lane->output < lane->outputs && times[lane->output] <= lane->t; lane->output++)
        store(job, lane, y);
    good = good && happen(&s->schedule[l], p, lane->t, behind, y) >= 0;
    watch(p, y, behind, s->schedule[l].seen);
    for (int i = 0; i < N; i++) LANE(s->y[i], l) = y[i];
    return good;
}
