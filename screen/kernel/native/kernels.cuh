/* What is launched: every thread takes the next lane nobody has taken yet, until there is none. One entry is compiled
   at a time. */

typedef struct {
    Job job;
    char *memory;
    double *tapes;       /* room for so many rows of tapes, and how many are given away */
    int64_t room;
    Counter *given;
    int32_t *incomplete; /* set where a tape is full */
} Launch;

#define ENTRY(name) extern "C" __global__ void name(const __grid_constant__ Launch launch)

static inline int64_t this_thread(void) { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }

/* Memory of this thread. */
template <class Memory> static inline Memory *own(const Launch *launch)
{
    const int64_t thread = this_thread();
    return (Memory *)(launch->memory + thread / STRIDE * sizeof(Memory) + thread % STRIDE * sizeof(double));
}

/* For the host: bytes of a launch, of the memory of a warp, of a row of a tape. */
#define SIZES(Memory) extern "C" __device__ int64_t screen_sizes[] = {sizeof(Launch), sizeof(Memory), 8 * ROW}

#if defined(SOLVE)
SIZES(Step);
ENTRY(screen_solve) { integrate(&launch.job, own<Step>(&launch), NULL); }
#endif

#if defined(GRADIENT)
/* The last output of each row that is not 0, or -1. */
ENTRY(screen_last)
{
    const Job *job = &launch.job;
    for (int64_t r = this_thread(); r < job->rows; r += (int64_t)gridDim.x * blockDim.x) {
        const double *from = job->cotangent + r * job->span * N;
        int64_t used = job->span * N;
        while (used > 0 && from[used - 1] == 0.0) used--;
        const Row row = {job->row_lane[r], r, used ? job->row_output[r] + (used - 1) / N : -1};
        job->sorted[r] = row;
    }
}

typedef struct { Step step; Adjoint adjoint; } Walked;
SIZES(Walked);

/* Lanes come in order of their steps, the longest first, so a tape that holds the first lane of a thread holds the
   others; where there is no room for it, other threads do the work. */
ENTRY(screen_gradient)
{
    const Job *job = &launch.job;
    Walked *memory = own<Walked>(&launch);
    const int64_t head = (int64_t)atomicAdd(job->next, 0ull);
    if (head >= job->walked) return;
    Tape tape = {.capacity = tape_length(job, job->order[head])};
    const int64_t at = (int64_t)atomicAdd(launch.given, (Counter)tape.capacity);
    if (at + tape.capacity > launch.room) return;
    tape.rows = launch.tapes + at * ROW;
    for (;;) {
        const int64_t place = take_next(job->next, 1);
        if (place >= job->walked) return;
        Recording recording = {.tapes = &tape, .first = place, .end = place + 1, .next = place};
        tape.lane = job->order[place];
        tape.count = 0;
        if (!integrate(job, &memory->step, &recording)) *launch.incomplete = 1;
        walk_back(job, &memory->step, &memory->adjoint, &recording);
    }
}
#endif

#if defined(SETTLE)
SIZES(Step);
ENTRY(screen_settle) { settle_lanes(&launch.job, own<Step>(&launch)); }
#endif

#if defined(SETTLE_GRADIENT)
SIZES(Balance);
ENTRY(screen_settle_gradient) { rest_rows_back(&launch.job, own<Balance>(&launch)); }
#endif
