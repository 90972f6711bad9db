/* What is asked for, and where each lane of it is: one that is integrated, one that is recorded. */

enum { OK, MAX_STEPS, STEP_UNDERFLOW, NON_FINITE };

/* One cotangent of a lane: its last output that is not 0. */
typedef struct { int64_t lane, row, last; } Row;

typedef struct {
    const double *parameters, *state, *switches, *times;
    const int32_t *stored; /* [columns]: which species */
    double *states;        /* [lanes, outputs, columns] */
    int32_t *status, *accepted, *rejected; /* accepted is given where what was accepted is walked back */
    double *reached;
    const double *cotangent; /* [rows, span, N]: row r is of lane row_lane[r], its outputs from row_output[r] on */
    const int32_t *row_lane, *row_output;
    double *parameters_bar, *state_bar;
    Row *sorted;         /* rows that are not 0, lane by lane */
    int64_t *rows_begin; /* where those of each lane begin in `sorted` */
    int64_t *order;      /* lanes to walk back */
    double *taped;       /* [kept, room, ROW]: what a solve keeps of the steps of its first lanes */
    int64_t lanes, phases, outputs, columns, max_steps, threads, rows, span, walked, kept, room;
    double rtol, atol, first_step;
    double rate, time, tolerance; /* of a rest */
    Counter *next;                /* first lane nobody has taken yet */
} Job;

/* Accepted steps of a lane, for the adjoint: rows of time, step size, time at the end, phase, stretch and state. */
enum { ROW_TIME, ROW_STEP, ROW_END, ROW_PHASE, ROW_BREAK, ROW_LOW, ROW_HIGH, ROW_STATE, ROW = ROW_STATE + N };
typedef struct { double *rows; int64_t lane, rows_of_lane, count, capacity; } Tape;
/* While lanes are recorded, tape k is of lane order[first + k]. */
typedef struct { Tape *tapes; int64_t first, end, next; } Recording;

/* Where a solve keeps the steps of a lane; NULL where it does not. */
static inline double *kept_rows(const Job *job, int64_t lane)
{
    return KEEPS && lane < job->kept ? job->taped + lane * job->room * ROW : NULL;
}

/* Rows that hold the steps of a lane: on a GPU a gradient is compiled apart from the solve, and rounds otherwise. */
static inline int64_t tape_length(const Job *job, int64_t lane) { return job->accepted[lane] + job->accepted[lane] / 8 + 16; }

typedef struct {
    int64_t lane; /* -1: the slot is idle */
    Tape *tape;   /* of a lane that is recorded */
    double *rows; /* of its tape, or kept of it; NULL: neither */
    int64_t phase, output, outputs, accepted, rejected; /* outputs: how many are wanted */
    double t, h, start, stop, phase_end, end, last_error;
    double breaks[BREAKS + 1];
    int fresh, rejecting, opened_by; /* opened_by: the break at which the stretch begins, or -1 */
#if EVENTS
    int eventful; /* whether events may happen where the step has ended */
#endif
} Lane;
