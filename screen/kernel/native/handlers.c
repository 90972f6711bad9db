/* Threads, and the two functions that XLA calls. */
#include "xla/ffi/api/c_api.h"

static void *work(void *argument)
{
    Job *job = argument;
#if defined(__SSE2__)
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); /* what decays below 1e-308 counts as 0; in this thread, and only here */
#endif
    Step *s = workspace(sizeof(Step));
    int good = s != NULL;
    if (good) good = job->cotangent ? differentiate(job, s) : integrate(job, s, NULL);
    free(s);
#if defined(__SSE2__)
    _mm_setcsr(mode);
#endif
    if (!good) atomic_store(&job->out_of_memory, 1);
    return NULL;
}

static void run(Job *job)
{
    enum { MOST = 256 };
    pthread_t threads[MOST];
    int64_t useful = ((job->cotangent ? job->walked : job->lanes) + W - 1) / W, count = 0;
    if (useful > job->threads) useful = job->threads;
    if (useful > MOST) useful = MOST;
    while (count < useful - 1 && pthread_create(&threads[count], NULL, work, job) == 0) count++;
    work(job);
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

/* parameters [.., phases, parameters], state [.., species], switches [.., phases], times [.., times] */
static Job job_of(XLA_FFI_CallFrame *frame)
{
    const XLA_FFI_Buffer *parameters = argument(frame, 0), *times = argument(frame, 3);
    Job job = {
        .parameters = parameters->data,
        .state = argument(frame, 1)->data,
        .switches = argument(frame, 2)->data,
        .times = times->data,
        .lanes = 1,
        .phases = parameters->dims[parameters->rank - 2],
        .outputs = times->dims[times->rank - 1],
        .max_steps = (int64_t)attribute(frame, "max_steps"),
        .threads = (int64_t)attribute(frame, "threads"),
        .rtol = attribute(frame, "rtol"),
        .atol = attribute(frame, "atol"),
        .first_step = attribute(frame, "first_step"),
    };
    for (int64_t i = 0; i < times->rank - 1; i++) job.lanes *= times->dims[i];
    return job;
}

static XLA_FFI_Error *finish(XLA_FFI_CallFrame *frame, Job *job)
{
    if (!job->out_of_memory) run(job);
    return job->out_of_memory ? complain(frame, "kernel: memory must suffice, found none left") : NULL;
}

/* -> states [.., times, species], status, accepted, rejected, reached [..] */
XLA_FFI_Error *screen_solve(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = job_of(frame);
    job.states = result(frame, 0);
    job.status = result(frame, 1);
    job.accepted = result(frame, 2);
    job.rejected = result(frame, 3);
    job.reached = result(frame, 4);
    return finish(frame, &job);
}

/* Three more arguments: the lane of each row, the output its cotangents begin at, and these [rows, span, species];
   -> cotangents of parameters [rows, phases, parameters] and of the state [rows, species]. */
XLA_FFI_Error *screen_gradient(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = job_of(frame);
    const XLA_FFI_Buffer *cotangent = argument(frame, 6);
    job.row_lane = argument(frame, 4)->data;
    job.row_output = argument(frame, 5)->data;
    job.cotangent = cotangent->data;
    job.rows = cotangent->dims[0];
    job.span = cotangent->dims[1];
    job.parameters_bar = result(frame, 0);
    job.state_bar = result(frame, 1);
    memset(job.parameters_bar, 0, sizeof(double) * job.rows * job.phases * PARAMETERS);
    memset(job.state_bar, 0, sizeof(double) * job.rows * N);
    job.out_of_memory = !sort_rows(&job);
    XLA_FFI_Error *error = finish(frame, &job);
    free(job.sorted);
    free(job.rows_begin);
    free(job.order);
    return error;
}
