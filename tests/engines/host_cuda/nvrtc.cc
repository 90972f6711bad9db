/* NVRTC's functions over the C++ compiler of the host: its machine code is a shared library behind its length. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>

struct Program { std::string source, code, report; };

static std::string content_of(const std::string &path)
{
    std::string content;
    FILE *file = fopen(path.c_str(), "rb");
    for (int c; file && (c = fgetc(file)) != EOF;) content += (char)c;
    if (file) fclose(file);
    return content;
}

extern "C" {

int nvrtcVersion(int *major, int *minor) { *major = 99; *minor = 1; return 0; }

int nvrtcCreateProgram(Program **program, const char *source, const char *, int headers, const char **texts,
                       const char **names)
{
    if (!source || headers < 0 || (headers && (!texts || !names))) return 3; /* invalid input */
    *program = new Program{source, "", ""};
    return 0;
}

int nvrtcDestroyProgram(Program **program)
{
    delete *program;
    return 0;
}

int nvrtcCompileProgram(Program *program, int count, const char **options)
{
    char folder[] = "/tmp/host_cuda_XXXXXX";
    if (!mkdtemp(folder)) return 1;
    const std::string base = std::string(folder) + "/kernel", given = "const __grid_constant__ Launch launch";
    std::string text = program->source, define;
    text.replace(text.find(given), given.size(), "const Launch &launch");
    for (int i = 0; i < count; i++)
        if (!strncmp(options[i], "--define-macro=", 15)) define += std::string(" -D") + (options[i] + 15);
    FILE *file = fopen((base + ".cc").c_str(), "w");
    fputs(text.c_str(), file);
    fclose(file);
    const std::string command = std::string("c++ -std=c++20 -O1 -w -fPIC -shared -include " SHIM) + define + " " + base +
                                ".cc -o " + base + ".so 2> " + base + ".log";
    const int failed = system(command.c_str());
    program->report = content_of(base + ".log");
    const std::string library = content_of(base + ".so");
    const int64_t size = (int64_t)library.size();
    program->code = std::string((const char *)&size, sizeof size) + library;
    if (system((std::string("rm -r ") + folder).c_str())) return 1;
    return failed ? 6 : 0;
}

int nvrtcGetProgramLogSize(Program *program, size_t *size) { *size = program->report.size() + 1; return 0; }
int nvrtcGetProgramLog(Program *program, char *log) { strcpy(log, program->report.c_str()); return 0; }
int nvrtcGetCUBINSize(Program *program, size_t *size) { *size = program->code.size(); return 0; }
int nvrtcGetCUBIN(Program *program, char *code) { memcpy(code, program->code.data(), program->code.size()); return 0; }
}
