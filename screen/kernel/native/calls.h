/* Calls of XLA on a processor: what they hand over, and the threads that do it, each with memory of its own. */
#include "xla/ffi/api/c_api.h"

static void *workspace(size_t size)
{
    const size_t line = sizeof(V) < 64 ? 64 : sizeof(V);
    void *memory = aligned_alloc(line, (size + line - 1) / line * line);
    if (memory) memset(memory, 0, size);
    return memory;
}

/* A job, what each thread does about it, and how many of them it can use. */
typedef struct { Job job; int (*task)(Job *); int64_t items; Counter next; atomic_int out_of_memory; } Crew;

static void *work(void *argument)
{
    Crew *crew = argument;
#if defined(__SSE2__)
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* what decays below 1e-308 counts as 0; in this thread, and only here */
#endif
    const int good = crew->task(&crew->job);
#if defined(__SSE2__)
    _mm_setcsr(mode);
#endif
    if (!good) atomic_store(&crew->out_of_memory, 1);
    return NULL;
}

static void run(Crew *crew)
{
    enum { MOST = 256 };
    pthread_t threads[MOST];
    int64_t useful = (crew->items + W - 1) / W, count = 0;
    if (useful > crew->job.threads) useful = crew->job.threads;
    if (useful > MOST) useful = MOST;
    while (count < useful - 1 && pthread_create(&threads[count], NULL, work, crew) == 0) count++;
    work(crew);
    for (int64_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static XLA_FFI_Error *complain(XLA_FFI_CallFrame *frame, const char *message)
{
    XLA_FFI_Error_Create_Args args = {XLA_FFI_Error_Create_Args_STRUCT_SIZE, NULL, message, XLA_FFI_Error_Code_INTERNAL};
    return frame->api->XLA_FFI_Error_Create(&args);
}

/* XLA asks once which version of the interface this was compiled for. The type of an extension has had two names. */
static int answers_metadata(XLA_FFI_CallFrame *frame)
{
    __typeof__(frame->extension_start) extension = frame->extension_start;
    if (!extension || extension->type != XLA_FFI_Extension_Metadata) return 0;
    XLA_FFI_Metadata *metadata = ((XLA_FFI_Metadata_Extension *)extension)->metadata;
    metadata->api_version.major_version = XLA_FFI_API_MAJOR;
    metadata->api_version.minor_version = XLA_FFI_API_MINOR;
    return 1;
}

static double attribute(XLA_FFI_CallFrame *frame, const char *name)
{
    for (int64_t i = 0; i < frame->attrs.size; i++) {
        const XLA_FFI_ByteSpan *span = frame->attrs.names[i];
        if (span->len != strlen(name) || memcmp(span->ptr, name, span->len)) continue;
        const XLA_FFI_Scalar *scalar = frame->attrs.attrs[i];
        return scalar->dtype == XLA_FFI_DataType_F64 ? *(double *)scalar->value : (double)*(int64_t *)scalar->value;
    }
    return NAN;
}

static XLA_FFI_Buffer *argument(XLA_FFI_CallFrame *frame, int i) { return frame->args.args[i]; }
static void *result(XLA_FFI_CallFrame *frame, int i) { return ((XLA_FFI_Buffer *)frame->rets.rets[i])->data; }

static Job job_of(XLA_FFI_CallFrame *frame)
{
    return (Job){
        .parameters = argument(frame, 0)->data,
        .state = argument(frame, 1)->data,
        .lanes = 1,
        .phases = 1,
        .threads = (int64_t)attribute(frame, "threads"),
        .atol = attribute(frame, "atol"),
    };
}

/* parameters [.., phases, parameters], state [.., species], switches [.., phases], times [.., times] */
static Job solve_of(XLA_FFI_CallFrame *frame)
{
    Job job = job_of(frame);
    const XLA_FFI_Buffer *parameters = argument(frame, 0), *times = argument(frame, 3);
    job.switches = argument(frame, 2)->data;
    job.times = times->data;
    job.phases = parameters->dims[parameters->rank - 2];
    job.outputs = times->dims[times->rank - 1];
    job.max_steps = (int64_t)attribute(frame, "max_steps");
    job.rtol = attribute(frame, "rtol");
    job.first_step = attribute(frame, "first_step");
    for (int64_t i = 0; i < times->rank - 1; i++) job.lanes *= times->dims[i];
    return job;
}

/* Steps that a solve keeps [kept, room, ROW], of its first lanes. False where rows are of another length. */
static int keep_steps(Job *job, const XLA_FFI_Buffer *taped)
{
    job->taped = taped->data;
    job->kept = taped->dims[0];
    job->room = taped->dims[1];
    return taped->dims[2] == ROW;
}

/* parameters [.., parameters], state [.., species] */
static Job rest_of(XLA_FFI_CallFrame *frame)
{
    Job job = job_of(frame);
    const XLA_FFI_Buffer *state = argument(frame, 1);
    job.rate = attribute(frame, "rate");
    job.time = attribute(frame, "time");
    job.tolerance = attribute(frame, "tolerance");
    for (int64_t i = 0; i < state->rank - 1; i++) job.lanes *= state->dims[i];
    return job;
}

static XLA_FFI_Error *out_of_memory(XLA_FFI_CallFrame *frame)
{
    return complain(frame, "kernel: memory must suffice, found none left");
}

static XLA_FFI_Error *other_rows(XLA_FFI_CallFrame *frame)
{
    return complain(frame, "kernel: lanes.h and compiled.py must agree on a row of a tape: this is a fault of the program");
}

static XLA_FFI_Error *finish(XLA_FFI_CallFrame *frame, Job job, int (*task)(Job *), int64_t items)
{
    Crew crew = {.job = job, .task = task, .items = items};
    crew.job.next = &crew.next;
    run(&crew);
    return crew.out_of_memory ? out_of_memory(frame) : NULL;
}
