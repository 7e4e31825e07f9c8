/*
 * A library for LD_PRELOAD that hides librrd: a program that would load it finds none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

void *dlopen(const char *name, int flags) {
	void *(*real)(const char *, int);
	*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	return real(name != NULL && strstr(name, "librrd.so") != NULL ? "no-librrd-here.so" : name, flags);
}
