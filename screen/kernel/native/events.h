/* Events of one lane: conditions that become true set states at once or after a delay. What is due at one time
   comes by priority, those of equal priority in a random order (as SBML has it; the same in every run), and what it
   sets may make other conditions true, until nothing is due. */

enum { QUEUE = 256, ROUNDS = 10000 };

typedef struct { double time, values[TARGETS + 1]; int event; } Pending;

typedef struct {
    double last[EVENTS], seen[WATCH]; /* triggers, and what decides on them, when they were looked at last */
    Pending queue[QUEUE];
    int pending;
    uint64_t dice;
} Schedule;

static void start_schedule(Schedule *e)
{
    for (int i = 0; i < EVENTS; i++) e->last[i] = EVENT_BEFORE[i];
    e->pending = 0;
    e->dice = 0x9e3779b97f4a7c15u;
}

/* A whole number below `sides`: xorshift (Marsaglia 2003, doi 10.18637/jss.v008.i14). */
static int roll(Schedule *e, int sides)
{
    e->dice ^= e->dice << 13;
    e->dice ^= e->dice >> 7;
    e->dice ^= e->dice << 17;
    return (int)(e->dice % (uint64_t)sides);
}

/* Whether anything that decides on a trigger is another than when it was looked at last. */
static int toggled(const Schedule *e, const double *p, const double *y, double time)
{
    double now[WATCH];
    watch(p, y, time, now);
    for (int i = 0; i < WATCH; i++)
        if ((now[i] != 0.0) != (e->seen[i] != 0.0)) return 1;
    return 0;
}

static void drop(Schedule *e, int place)
{
    e->pending--;
    for (int q = place; q < e->pending; q++) e->queue[q] = e->queue[q + 1];
}

/* Put into the queue what fires and take out what no longer holds. False where a delay is no time or the queue full. */
static int look(Schedule *e, const double *v, double time)
{
    for (int i = 0; i < EVENTS; i++) {
        const int on = v[i] != 0.0, was = e->last[i] != 0.0;
        e->last[i] = on;
        if (on && !was) {
            const double delay = v[EVENTS + i];
            if (!(delay >= 0.0) || e->pending == QUEUE) return 0;
            Pending *new = &e->queue[e->pending++];
            new->time = time + delay;
            new->event = i;
            const int first = FIRST_TARGET[i];
            for (int k = first; k < FIRST_TARGET[i + 1]; k++) new->values[k - first] = v[3 * EVENTS + k];
        } else if (!on && was && !EVENT_PERSISTENT[i]) {
            for (int q = e->pending - 1; q >= 0; q--)
                if (e->queue[q].event == i) drop(e, q);
        }
    }
    return 1;
}

/* The state after an event: what it sets; concentrations, set or not, are those of the volume before. */
static void set_states(const Pending *due, const double *values, double *y)
{
    double before[N];
    memcpy(before, y, sizeof before);
    const int first = FIRST_TARGET[due->event], end = FIRST_TARGET[due->event + 1];
    for (int k = first; k < end; k++) y[TARGET[k]] = values[k - first];
    for (int d = 0; d < DILUTED; d++) {
        const int species = DILUTED_SPECIES[d], volume = DILUTED_VOLUME[d];
        if (y[volume] != before[volume]) y[species] *= before[volume] / y[volume];
    }
}

/* All that is due at a time, triggers looked at then or just behind it (`seen`). How many events happened; -1 where
   they do not come to an end. */
static int happen(Schedule *e, const double *p, double time, double seen, double *y)
{
    double v[EVENT_VALUES];
    for (int round = 0; round < ROUNDS; round++) {
        event_values(p, y, seen, v);
        if (!look(e, v, time)) return -1;
        int due = -1, ties = 0;
        double highest = -INFINITY;
        for (int q = 0; q < e->pending; q++) {
            const double priority = v[2 * EVENTS + e->queue[q].event];
            if (e->queue[q].time > time || priority < highest) continue;
            if (due < 0 || priority > highest) ties = 0;
            ties++;
            if (ties == 1 || (isfinite(priority) && !roll(e, ties))) due = q;
            highest = priority;
        }
        if (due < 0) return round;
        const Pending now = e->queue[due];
        drop(e, due);
        set_states(&now, EVENT_AT_TRIGGER[now.event] ? now.values : v + 3 * EVENTS + FIRST_TARGET[now.event], y);
    }
    return -1;
}
