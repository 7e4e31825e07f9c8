/*
 * A library for LD_PRELOAD that puts the socket /dev/log elsewhere, to DEV_LOG, and /var/run/syslogd.pid beside it:
 * BusyBox's syslogd knows no other names of them, and this machine's own syslogd may have them.
 *
 * It sees the calls that a program makes through the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Not for threads: there are none in it. */
static const char *moved(const char *path) {
	static char pid[200];
	const char *to = getenv("DEV_LOG");
	if (to != NULL && strcmp(path, "/dev/log") == 0)
		return to;
	if (to != NULL && strcmp(path, "/var/run/syslogd.pid") == 0) {
		snprintf(pid, sizeof pid, "%s.pid", to);
		return pid;
	}
	return path;
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (address->sa_family != AF_UNIX)
		return real(fd, address, length);
	const char *path = moved(((const struct sockaddr_un *)address)->sun_path);
	if (strlen(path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(to.sun_path, path);
	return real(fd, (const struct sockaddr *)&to, sizeof to);
}

#define MOVED(type, name, parameters, arguments) \
	type name parameters { \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
		return real arguments; \
	}
MOVED(int, unlink, (const char *path), (moved(path)))
MOVED(int, chmod, (const char *path, mode_t mode), (moved(path), mode))
MOVED(ssize_t, readlink, (const char *path, char *to, size_t length), (moved(path), to, length))

#define OPEN_AS(name) \
	int name(const char *path, int flags, ...) { \
		int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		va_list list; \
		va_start(list, flags); \
		mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0; \
		va_end(list); \
		return real(moved(path), flags, mode); \
	}
OPEN_AS(open) OPEN_AS(open64)
