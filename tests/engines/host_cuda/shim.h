/* Before the CUDA text: what makes it C++ for the host. A thread lets others go first at its first steps, so that all
   of them work. */
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __syncwarp() let_others()

static void let_others(void)
{
    static thread_local int steps;
    if (steps++ < 4) sched_yield();
}

struct HostIndex { unsigned x; };
static thread_local HostIndex blockIdx, threadIdx;
static HostIndex blockDim, gridDim;

static unsigned long long atomicAdd(unsigned long long *at, unsigned long long value)
{
    return __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}

extern "C" void place_thread(unsigned block, unsigned thread, unsigned threads, unsigned blocks)
{
    blockIdx.x = block;
    threadIdx.x = thread;
    blockDim.x = threads;
    gridDim.x = blocks;
}
