/* Before the CUDA text: what makes it C++ for the host. A lane's turn ends at each step, so that all threads work. */
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __syncwarp() sched_yield()

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
