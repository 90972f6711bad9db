/* What XLA calls for the adjoints of a solve, and of rest states. */

static int rest_back_all(Job *job)
{
    Balance *b = workspace(sizeof(Balance));
    if (b) rest_rows_back(job, b);
    free(b);
    return b != NULL;
}

/* Rows by lane, in each lane those that begin last first. */
static int by_lane(const void *one, const void *other)
{
    const Row *a = one, *b = other;
    if (a->lane != b->lane) return a->lane < b->lane ? -1 : 1;
    if (a->last != b->last) return a->last > b->last ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

typedef struct { int64_t rows, lane, steps; } Load;

/* Lanes with most rows first, then those of most steps, so that neighbours have about as much to do. */
static int by_load(const void *one, const void *other)
{
    const Load *a = one, *b = other;
    if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
    if (a->steps != b->steps) return a->steps > b->steps ? -1 : 1;
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
            loads[job->walked++] = (Load){count, i, job->accepted[i]};
        }
        qsort(loads, job->walked, sizeof(Load), by_load);
        for (int64_t i = 0; i < job->walked; i++) job->order[i] = loads[i].lane;
    }
    free(loads);
    return good;
}

/* Tapes with most rows first, then the longest, so that neighbours end together. */
static int by_length(const void *one, const void *other)
{
    const Tape *a = one, *b = other;
    if (a->rows_of_lane != b->rows_of_lane) return a->rows_of_lane > b->rows_of_lane ? -1 : 1;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->lane < b->lane ? -1 : a->lane > b->lane;
}

/* Memory for the rows of a tape. */
typedef struct { double *rows; int64_t length; } Reel;

static int make_room(Reel *reel, int64_t length)
{
    if (reel->length >= length) return 1;
    free(reel->rows);
    reel->rows = malloc(sizeof(double) * ROW * length);
    reel->length = reel->rows ? length : 0;
    return reel->rows != NULL;
}

/* `screen_integrate` of the library that solves. */
static int (*integrate_again)(const Job *job, Recording *recording);

void screen_integrate_by(int (*given)(const Job *job, Recording *recording)) { integrate_again = given; }

/* Tapes of the lanes of a recording: what the solve kept, where that is all of each; else they are recorded. */
static int fill_tapes(const Job *job, Reel *reels, Recording *recording)
{
    int kept = 1;
    for (int64_t i = recording->first; i < recording->end; i++) {
        const int64_t lane = job->order[i];
        kept = kept && kept_rows(job, lane) && job->accepted[lane] <= job->room;
    }
    for (int64_t i = recording->first; i < recording->end; i++) {
        const int64_t lane = job->order[i], rows = job->rows_begin[lane + 1] - job->rows_begin[lane];
        Reel *reel = &reels[i - recording->first];
        if (kept) {
            recording->tapes[i - recording->first] = (Tape){kept_rows(job, lane), lane, rows, job->accepted[lane], job->room};
        } else {
            if (!make_room(reel, tape_length(job, lane))) return 0;
            recording->tapes[i - recording->first] = (Tape){reel->rows, lane, rows, 0, reel->length};
        }
    }
    return kept || integrate_again(job, recording);
}

/* Group by group: fill the tapes, then walk back. */
static int differentiate(Job *job)
{
    enum { MOST = 2 * W }; /* the nearer caches hold tapes of so many lanes */
    int64_t group = job->walked / job->threads;
    group = group < W ? W : group > MOST ? MOST : group;
    Step *s = workspace(sizeof(Step));
    Adjoint *a = workspace(sizeof(Adjoint));
    Tape tapes[MOST];
    Reel reels[MOST] = {{0}};
    int good = s && a;
    while (good) {
        const int64_t first = take_next(job->next, group);
        if (first >= job->walked) break;
        Recording recording = {.tapes = tapes, .first = first, .next = first};
        recording.end = first + group < job->walked ? first + group : job->walked;
        good = fill_tapes(job, reels, &recording);
        qsort(tapes, recording.end - first, sizeof(Tape), by_length);
        if (good) walk_back(job, s, a, &recording);
    }
    for (int i = 0; i < MOST; i++) free(reels[i].rows);
    free(a);
    free(s);
    return good;
}

/* The lane of each row is argument `place`, the cotangents of the rows come last; -> those of parameters
   [rows, phases, parameters] and state [rows, species]. */
static void add_rows(XLA_FFI_CallFrame *frame, Job *job, int place)
{
    const XLA_FFI_Buffer *cotangent = argument(frame, (int)frame->args.size - 1);
    job->row_lane = argument(frame, place)->data;
    job->cotangent = cotangent->data;
    job->rows = cotangent->dims[0];
    job->parameters_bar = result(frame, 0);
    job->state_bar = result(frame, 1);
    memset(job->parameters_bar, 0, sizeof(double) * job->rows * job->phases * PARAMETERS);
    memset(job->state_bar, 0, sizeof(double) * job->rows * N);
}

/* Further arguments: accepted steps [..], those that the solve kept, lane [rows], the output the cotangents begin at
   [rows], cotangents [rows, span, species]. */
XLA_FFI_Error *screen_gradient(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = solve_of(frame);
    job.accepted = argument(frame, 4)->data;
    if (!keep_steps(&job, argument(frame, 5))) return other_rows(frame);
    add_rows(frame, &job, 6);
    job.row_output = argument(frame, 7)->data;
    job.span = argument(frame, 8)->dims[1];
    XLA_FFI_Error *error = sort_rows(&job) ? finish(frame, job, differentiate, job.walked) : out_of_memory(frame);
    free(job.sorted);
    free(job.rows_begin);
    free(job.order);
    return error;
}

/* Further arguments: lane [rows], cotangents [rows, species]. */
XLA_FFI_Error *screen_settle_gradient(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = rest_of(frame);
    add_rows(frame, &job, 2);
    return finish(frame, job, rest_back_all, job.rows);
}
