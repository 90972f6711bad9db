/* Rows by lane, in each lane those that begin last first. */
static int by_lane(const void *one, const void *other)
{
    const Row *a = one, *b = other;
    if (a->lane != b->lane) return a->lane < b->lane ? -1 : 1;
    if (a->last != b->last) return a->last > b->last ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

typedef struct { int64_t rows, lane; double end; } Load;

/* Lanes with most rows first, then those that end last, so that neighbours have about as much to do. */
static int by_load(const void *one, const void *other)
{
    const Load *a = one, *b = other;
    if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
    if (a->end != b->end) return a->end > b->end ? -1 : 1;
    return a->lane < b->lane ? -1 : a->lane > b->lane;
}

/* Which rows each lane has, and the lanes to walk back: those with a row that is not 0. False without memory. */
static int sort_rows(Job *job)
{
    Load *loads = malloc(sizeof(Load) * (job->lanes + 1));
    job->sorted = malloc(sizeof(Row) * (job->rows + 1));
    job->rows_begin = calloc(job->lanes + 1, sizeof(int64_t));
    job->order = malloc(sizeof(int64_t) * (job->lanes + 1));
    const int good = loads && job->sorted && job->rows_begin && job->order;
    if (good) {
        int64_t kept = 0;
        for (int64_t r = 0; r < job->rows; r++) {
            const double *from = job->cotangent + r * job->span * N;
            int64_t used = job->span * N;
            while (used > 0 && from[used - 1] == 0.0) used--;
            if (!used) continue;
            job->sorted[kept++] = (Row){job->row_lane[r], r, job->row_output[r] + (used - 1) / N};
            job->rows_begin[job->row_lane[r] + 1]++;
        }
        qsort(job->sorted, kept, sizeof(Row), by_lane);
        for (int64_t i = 0; i < job->lanes; i++) {
            const int64_t count = job->rows_begin[i + 1];
            job->rows_begin[i + 1] += job->rows_begin[i];
            if (!count) continue;
            const int64_t last = job->sorted[job->rows_begin[i]].last;
            loads[job->walked++] = (Load){count, i, job->times[i * job->outputs + last]};
        }
        qsort(loads, job->walked, sizeof(Load), by_load);
        for (int64_t i = 0; i < job->walked; i++) job->order[i] = loads[i].lane;
    }
    free(loads);
    return good;
}
