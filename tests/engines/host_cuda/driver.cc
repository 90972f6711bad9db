/* The driver's functions on the host: memory of a device is memory, a thread of a device is a thread. It knows how much
   is allocated; MEMORY says how much there is, so that tests can make it scarce. */
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <atomic>
#include <thread>
#include <unistd.h>
#include <vector>

enum { OK, OUT_OF_MEMORY = 2, NOT_FOUND = 500 };

struct Function { void (*place)(unsigned, unsigned, unsigned, unsigned); void (*run)(void *); };

static std::atomic<long long> taken{0};

static long long memory(void)
{
    const char *given = getenv("HOST_CUDA_MEMORY");
    return given ? atoll(given) : 1ll << 30;
}

extern "C" {

int cuInit(unsigned) { return OK; }
int cuDriverGetVersion(int *version) { *version = 99010; return OK; }
int cuDeviceGetCount(int *count) { *count = 1; return OK; }
int cuStreamGetCtx(void *, void **context) { *context = &taken; return OK; }
int cuCtxPushCurrent_v2(void *context) { return context == &taken ? OK : NOT_FOUND; }
int cuCtxPopCurrent_v2(void **context) { *context = &taken; return OK; }
int cuCtxGetDevice(int *device) { *device = 0; return OK; }
int cuStreamSynchronize(void *) { return OK; }
int cuGetErrorString(int, const char **text) { *text = "found nothing of that name"; return OK; }

int cuDeviceGetAttribute(int *value, int which, int)
{
    *value = which == 16 ? 2 : which == 75 ? 9 : which == 76 ? 0 : -1;
    return *value < 0 ? NOT_FOUND : OK;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *, int threads, size_t)
{
    *blocks = 32 / threads;
    return OK;
}

int cuModuleLoadData(void **module, const void *image)
{
    int64_t size;
    memcpy(&size, image, sizeof size);
    char name[] = "/tmp/host_cuda_XXXXXX";
    const int file = mkstemp(name);
    if (write(file, (const char *)image + sizeof size, size) != size) return NOT_FOUND;
    close(file);
    *module = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    unlink(name);
    return *module ? OK : NOT_FOUND;
}

int cuModuleGetFunction(void **function, void *module, const char *name)
{
    Function *found = new Function{};
    found->place = (void (*)(unsigned, unsigned, unsigned, unsigned))dlsym(module, "place_thread");
    found->run = (void (*)(void *))dlsym(module, name);
    *function = found;
    return found->place && found->run ? OK : NOT_FOUND;
}

int cuModuleGetGlobal_v2(void **address, size_t *size, void *module, const char *name)
{
    *address = dlsym(module, name);
    *size = 0;
    return *address ? OK : NOT_FOUND;
}

int cuMemGetInfo_v2(size_t *free, size_t *total)
{
    const long long left = memory() - taken;
    *total = memory();
    *free = left > 0 ? left : 0;
    return OK;
}

int cuMemAllocAsync(void **address, size_t size, void *)
{
    if (taken + (long long)size > memory()) return OUT_OF_MEMORY;
    *address = malloc(size);
    memset(*address, 0xff, size); /* NaN: nobody may count on zeros */
    taken += malloc_usable_size(*address);
    return OK;
}

int cuMemFreeAsync(void *address, void *)
{
    taken -= malloc_usable_size(address);
    free(address);
    return OK;
}

int cuMemsetD8Async(void *address, unsigned char value, size_t size, void *)
{
    memset(address, value, size);
    return OK;
}

int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t size, void *)
{
    memcpy(to, from, size);
    return OK;
}

int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t size, void *)
{
    memcpy(to, from, size);
    return OK;
}

int cuMemcpyDtoH_v2(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return OK;
}

int cuLaunchKernel(Function *function, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned, unsigned,
                   unsigned, void *, void **arguments, void **)
{
    std::vector<std::thread> running;
    for (unsigned block = 0; block < blocks; block++)
        for (unsigned thread = 0; thread < threads; thread++)
            running.emplace_back([=] {
                function->place(block, thread, threads, blocks);
                function->run(arguments[0]);
            });
    for (std::thread &each : running) each.join();
    return OK;
}

long long host_memory_taken(void) { return taken; }
}
