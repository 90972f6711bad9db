/* What XLA calls to solve, and to find rest states. */

/* All lanes of a job, or of a recording: the library for adjoints calls this one too, so that both take the same steps to
   the last bit. False where memory did not suffice. */
__attribute__((noinline)) int screen_integrate(const Job *job, Recording *recording)
{
    Step *s = workspace(sizeof(Step));
    const int good = s && integrate(job, s, recording);
    free(s);
    return good;
}

static int integrate_all(Job *job) { return screen_integrate(job, NULL); }

static int settle_all(Job *job)
{
    Step *s = workspace(sizeof(Step));
    if (s) settle_lanes(job, s);
    free(s);
    return s != NULL;
}

/* Besides what `solve_of` takes, stored [.., columns] -> states [.., times, columns], status, accepted, rejected, reached [..];
   where a gradient may follow also the steps that are kept [kept, room, ROW] */
XLA_FFI_Error *screen_solve(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = solve_of(frame);
    const XLA_FFI_Buffer *stored = argument(frame, 4);
    job.stored = stored->data; /* under vmap all lanes have the same */
    job.columns = stored->dims[stored->rank - 1];
    job.states = result(frame, 0);
    job.status = result(frame, 1);
    job.accepted = result(frame, 2);
    job.rejected = result(frame, 3);
    job.reached = result(frame, 4);
    if (frame->rets.size > 5 && !keep_steps(&job, frame->rets.rets[5])) return other_rows(frame);
    return finish(frame, job, integrate_all, job.lanes);
}

/* -> states [.., species], and whether each is one of rest [..] */
XLA_FFI_Error *screen_settle(XLA_FFI_CallFrame *frame)
{
    if (answers_metadata(frame)) return NULL;
    Job job = rest_of(frame);
    job.states = result(frame, 0);
    job.status = result(frame, 1);
    return finish(frame, job, settle_all, job.lanes);
}
