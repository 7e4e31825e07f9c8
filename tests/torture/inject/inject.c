/*
 * A library for LD_PRELOAD that makes one call of one process fail, or kills the process at it.
 *
 * INJECT="GROUP N WHAT" chooses the call: the N-th of GROUP, counted from 1; "N+" is the N-th and every later one.
 * GROUP is one of the names below, or "change": every call that changes a file system. WHAT is one of
 *
 *   EIO, ENOSPC, ...    the call is not made and fails with this error (a descriptor is closed all the same)
 *   EIO-after, ...      the call is made, and fails with this error: over a network the answer may be lost
 *   short               half of the bytes are read or written
 *   SIGKILL, ...        the process gets the signal before the call
 *   SIGKILL-after, ...  the process gets the signal after the call
 *
 * INJECT_LOG=FILE takes one line for each call that is counted: its group, its number, and the file it is made on. A
 * line that begins with "injected" follows where the fault was.
 *
 * It sees the calls that the program and its libraries make through the C library, not those that the C library makes
 * for itself. What is made durable is not: a process that dies loses nothing that was written, and the tests would wait
 * for the disk. Sleeps of a second or more return at once. It works in a container that allows no ptrace.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
	OPEN, CREATE, OPENDIR, READDIR, CLOSEDIR, READ, WRITE, FSYNC, FDATASYNC, RENAME, LINK, UNLINK, MKDIR, TRUNCATE,
	ALLOCATE, MMAP, MSYNC, CLOSE, STAT, LOCK, CHMOD, CHOWN, IDS, DUP, SEEK, READLINK, LOOKUP, CHANGE, GROUPS
};

static const char *const names[GROUPS] = {
	"open", "create", "opendir", "readdir", "closedir", "read", "write", "fsync", "fdatasync", "rename", "link",
	"unlink", "mkdir", "truncate", "allocate", "mmap", "msync", "close", "stat", "lock", "chmod", "chown", "ids",
	"dup", "seek", "readlink", "lookup", "change",
};

static const struct { const char *name; int number; } errors[] = {
	{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ESTALE", ESTALE},
	{"EROFS", EROFS}, {"EACCES", EACCES}, {"EPERM", EPERM}, {"ENOMEM", ENOMEM}, {"EINTR", EINTR}, {"EMLINK", EMLINK},
	{"EOPNOTSUPP", EOPNOTSUPP}, {"ENOLCK", ENOLCK}, {"EXDEV", EXDEV}, {"EPIPE", EPIPE}, {"EBUSY", EBUSY},
}, signals[] = {
	{"SIGKILL", SIGKILL}, {"SIGTERM", SIGTERM}, {"SIGINT", SIGINT}, {"SIGHUP", SIGHUP}, {"SIGPIPE", SIGPIPE},
	{"SIGALRM", SIGALRM},
};

enum how { NOTHING, FAIL, FAIL_AFTER, SHORT, SIGNAL, SIGNAL_AFTER };

static int active, log_fd = -1;
static enum kind chosen = GROUPS;
static unsigned long first, counts[GROUPS];
static int sticky, number;
static enum how how;

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((noreturn)) static void wrong(const char *what) {
	dprintf(2, "inject: %s\n", what);
	_exit(99);
}

__attribute__((constructor)) static void begin(void) {
	const char *spec = getenv("INJECT"), *log = getenv("INJECT_LOG");
	if (log != NULL) {
		int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		/* Out of the way: the numbers of the program's descriptors stay as they are. */
		log_fd = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 50);
		syscall(SYS_close, fd);
	}
	if (spec != NULL) {
		char group[32], what[32], plus[2] = "";
		int fields = sscanf(spec, "%31s %lu%1[+] %31s", group, &first, plus, what);
		if (fields != 4 && sscanf(spec, "%31s %lu %31s", group, &first, what) != 3)
			wrong("INJECT is not GROUP N WHAT");
		sticky = fields == 4;
		for (int i = 0; i < GROUPS; i++)
			if (strcmp(group, names[i]) == 0)
				chosen = i;
		if (chosen == GROUPS)
			wrong("no such group");
		char *after = strstr(what, "-after");
		if (after != NULL)
			*after = '\0';
		if (strcmp(what, "short") == 0)
			how = SHORT;
		for (size_t i = 0; i < LENGTH(errors); i++)
			if (strcmp(what, errors[i].name) == 0)
				how = after ? FAIL_AFTER : FAIL, number = errors[i].number;
		for (size_t i = 0; i < LENGTH(signals); i++)
			if (strcmp(what, signals[i].name) == 0)
				how = after ? SIGNAL_AFTER : SIGNAL, number = signals[i].number;
		if (how == NOTHING)
			wrong("no such error or signal");
	}
	/* Only this process; a child is another one. */
	unsetenv("INJECT");
	unsetenv("INJECT_LOG");
	unsetenv("LD_PRELOAD");
}

/* The program's own calls only, not those of the loader and of the libraries' constructors. */
__attribute__((visibility("default"))) int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
	void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *stack_end) {
	int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *) =
		dlsym(RTLD_NEXT, "__libc_start_main");
	active = 1;
	return next(main, argc, argv, init, fini, rtld_fini, stack_end);
}

static void say(const char *what, enum kind group, const char *path, int fd) {
	if (log_fd < 0)
		return;
	char name[600] = "", link[40], line[700];
	if (path == NULL && fd >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		long length = syscall(SYS_readlinkat, AT_FDCWD, link, name, sizeof name - 1);
		name[length < 0 ? 0 : length] = '\0';
		path = name;
	}
	int length = snprintf(line, sizeof line, "%s%s %lu %s\n", what, names[group], counts[group], path ? path : "");
	syscall(SYS_write, log_fd, line, length < (int)sizeof line ? length : (int)sizeof line - 1);
}

static int is_change(enum kind group) {
	switch (group) {
	case CREATE: case WRITE: case FSYNC: case FDATASYNC: case RENAME: case LINK: case UNLINK: case MKDIR:
	case TRUNCATE: case ALLOCATE: case MSYNC: case CHMOD: case CHOWN:
		return 1;
	default:
		return 0;
	}
}

/* Counts the call. What is to be done with it? A signal that comes before it is sent here. */
static enum how hit(enum kind group, const char *path, int fd) {
	if (!active)
		return NOTHING;
	int before = errno, is_it = 0;
	for (int pass = 0; pass < 2; pass++) {
		enum kind counted = pass == 0 ? group : CHANGE;
		if (pass == 1 && !is_change(group))
			break;
		unsigned long n = __atomic_add_fetch(&counts[counted], 1, __ATOMIC_SEQ_CST);
		say("", counted, path, fd);
		if (counted == chosen && (n == first || (sticky && n > first))) {
			is_it = 1;
			say("injected ", counted, path, fd);
		}
	}
	errno = before;
	if (!is_it)
		return NOTHING;
	if (how == SIGNAL)
		raise(number);
	return how == SIGNAL ? NOTHING : how;
}

static void after(enum how what) {
	if (what == SIGNAL_AFTER)
		raise(number);
}

#define REAL(type, name, parameters) \
	static type(*real) parameters; \
	if (real == NULL) \
		real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

/* A call of `group` that gives `bad` where it fails; `undo` is done with a result that is not given. */
#define CALL(group, path, fd, type, bad, call, undo) \
	enum how what = hit(group, path, fd); \
	if (what == FAIL) { \
		errno = number; \
		return bad; \
	} \
	type result = call; \
	after(what); \
	if (what == FAIL_AFTER && result != bad) { \
		undo; \
		errno = number; \
		return bad; \
	} \
	return result

static enum kind opens(int flags) {
	return (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY ? CREATE : OPEN;
}

#define MODE(flags) \
	mode_t mode = 0; \
	if ((flags) & (O_CREAT | __O_TMPFILE)) { \
		va_list list; \
		va_start(list, flags); \
		mode = va_arg(list, mode_t); \
		va_end(list); \
	}

#define OPEN_AS(name) \
	int name(const char *path, int flags, ...) { \
		MODE(flags) \
		REAL(int, name, (const char *, int, ...)); \
		CALL(opens(flags), path, -1, int, -1, real(path, flags, mode), syscall(SYS_close, result)); \
	}
#define OPENAT_AS(name) \
	int name(int dir, const char *path, int flags, ...) { \
		MODE(flags) \
		REAL(int, name, (int, const char *, int, ...)); \
		CALL(opens(flags), path, -1, int, -1, real(dir, path, flags, mode), syscall(SYS_close, result)); \
	}
OPEN_AS(open) OPEN_AS(open64) OPENAT_AS(openat) OPENAT_AS(openat64)

int __open_2(const char *path, int flags) {
	REAL(int, __open_2, (const char *, int));
	CALL(opens(flags), path, -1, int, -1, real(path, flags), syscall(SYS_close, result));
}
int __open64_2(const char *path, int flags) {
	REAL(int, __open64_2, (const char *, int));
	CALL(opens(flags), path, -1, int, -1, real(path, flags), syscall(SYS_close, result));
}

int mkstemp(char *path) {
	REAL(int, mkstemp, (char *));
	CALL(CREATE, path, -1, int, -1, real(path), syscall(SYS_close, result));
}
int mkstemp64(char *path) {
	REAL(int, mkstemp64, (char *));
	CALL(CREATE, path, -1, int, -1, real(path), syscall(SYS_close, result));
}

#define FOPEN_AS(name) \
	FILE *name(const char *path, const char *mode) { \
		REAL(FILE *, name, (const char *, const char *)); \
		CALL(mode[0] == 'r' && !strchr(mode, '+') ? OPEN : CREATE, path, -1, FILE *, NULL, real(path, mode), \
			fclose(result)); \
	}
FOPEN_AS(fopen) FOPEN_AS(fopen64)

FILE *fdopen(int fd, const char *mode) {
	REAL(FILE *, fdopen, (int, const char *));
	CALL(mode[0] == 'r' && !strchr(mode, '+') ? OPEN : CREATE, NULL, fd, FILE *, NULL, real(fd, mode), (void)0);
}

size_t fwrite(const void *from, size_t size, size_t times, FILE *file) {
	REAL(size_t, fwrite, (const void *, size_t, size_t, FILE *));
	CALL(WRITE, NULL, fileno(file), size_t, 0, real(from, size, times, file), (void)0);
}

int fclose(FILE *file) {
	REAL(int, fclose, (FILE *));
	enum how what = hit(CLOSE, NULL, fileno(file));
	int result = real(file);
	after(what);
	if (what == FAIL || what == FAIL_AFTER) {
		errno = number;
		return EOF;
	}
	return result;
}

DIR *opendir(const char *path) {
	REAL(DIR *, opendir, (const char *));
	CALL(OPENDIR, path, -1, DIR *, NULL, real(path), closedir(result));
}
DIR *fdopendir(int fd) {
	REAL(DIR *, fdopendir, (int));
	CALL(OPENDIR, NULL, fd, DIR *, NULL, real(fd), (void)0);
}

#define READDIR_AS(name, entry) \
	struct entry *name(DIR *dir) { \
		REAL(struct entry *, name, (DIR *)); \
		CALL(READDIR, NULL, dirfd(dir), struct entry *, NULL, real(dir), (void)0); \
	}
READDIR_AS(readdir, dirent) READDIR_AS(readdir64, dirent64)

#define READDIR_R_AS(name, entry) \
	int name(DIR *dir, struct entry *into, struct entry **found) { \
		REAL(int, name, (DIR *, struct entry *, struct entry **)); \
		if (hit(READDIR, NULL, dirfd(dir)) == FAIL) \
			return number; \
		return real(dir, into, found); \
	}
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
READDIR_R_AS(readdir_r, dirent) READDIR_R_AS(readdir64_r, dirent64)

int closedir(DIR *dir) {
	REAL(int, closedir, (DIR *));
	enum how what = hit(CLOSEDIR, NULL, dirfd(dir));
	int result = real(dir);
	after(what);
	if (what == FAIL || what == FAIL_AFTER) {
		errno = number;
		return -1;
	}
	return result;
}

int close(int fd) {
	REAL(int, close, (int));
	enum how what = hit(CLOSE, NULL, fd);
	int result = real(fd);
	after(what);
	if (what == FAIL || what == FAIL_AFTER) {
		errno = number;
		return -1;
	}
	return result;
}

static size_t half(enum how what, size_t length) {
	return what == SHORT && length > 1 ? length / 2 : length;
}

/* Reads and writes; `length` is made shorter where that is asked for. */
#define TRANSFER(group, call) \
	enum how what = hit(group, NULL, fd); \
	if (what == FAIL) { \
		errno = number; \
		return -1; \
	} \
	length = half(what, length); \
	ssize_t result = call; \
	after(what); \
	if (what == FAIL_AFTER && result >= 0) { \
		errno = number; \
		return -1; \
	} \
	return result

ssize_t read(int fd, void *to, size_t length) {
	REAL(ssize_t, read, (int, void *, size_t));
	TRANSFER(READ, real(fd, to, length));
}
ssize_t __read_chk(int fd, void *to, size_t length, size_t room) {
	REAL(ssize_t, __read_chk, (int, void *, size_t, size_t));
	TRANSFER(READ, real(fd, to, length, room));
}
#define PREAD_AS(name, offset) \
	ssize_t name(int fd, void *to, size_t length, offset at) { \
		REAL(ssize_t, name, (int, void *, size_t, offset)); \
		TRANSFER(READ, real(fd, to, length, at)); \
	}
PREAD_AS(pread, off_t) PREAD_AS(pread64, off64_t)
ssize_t readv(int fd, const struct iovec *parts, int length) {
	REAL(ssize_t, readv, (int, const struct iovec *, int));
	TRANSFER(READ, real(fd, parts, (int)length));
}
ssize_t write(int fd, const void *from, size_t length) {
	REAL(ssize_t, write, (int, const void *, size_t));
	TRANSFER(WRITE, real(fd, from, length));
}
#define PWRITE_AS(name, offset) \
	ssize_t name(int fd, const void *from, size_t length, offset at) { \
		REAL(ssize_t, name, (int, const void *, size_t, offset)); \
		TRANSFER(WRITE, real(fd, from, length, at)); \
	}
PWRITE_AS(pwrite, off_t) PWRITE_AS(pwrite64, off64_t)
ssize_t writev(int fd, const struct iovec *parts, int length) {
	REAL(ssize_t, writev, (int, const struct iovec *, int));
	TRANSFER(WRITE, real(fd, parts, (int)length));
}

ssize_t copy_file_range(int from, off64_t *from_at, int fd, off64_t *to_at, size_t length, unsigned int flags) {
	REAL(ssize_t, copy_file_range, (int, off64_t *, int, off64_t *, size_t, unsigned int));
	TRANSFER(WRITE, real(from, from_at, fd, to_at, length, flags));
}

int fsync(int fd) {
	CALL(FSYNC, NULL, fd, int, -1, 0, (void)0);
}
int fdatasync(int fd) {
	CALL(FDATASYNC, NULL, fd, int, -1, 0, (void)0);
}
int msync(void *at, size_t length, int flags) {
	(void)at, (void)length, (void)flags;
	CALL(MSYNC, NULL, -1, int, -1, 0, (void)0);
}

#define PATH_CALL(type, name, group, parameters, arguments, path, fd) \
	type name parameters { \
		REAL(type, name, parameters); \
		CALL(group, path, fd, type, -1, real arguments, (void)0); \
	}
PATH_CALL(int, rename, RENAME, (const char *a, const char *b), (a, b), b, -1)
PATH_CALL(int, renameat, RENAME, (int c, const char *a, int d, const char *b), (c, a, d, b), b, -1)
PATH_CALL(int, renameat2, RENAME, (int c, const char *a, int d, const char *b, unsigned int f), (c, a, d, b, f), b, -1)
PATH_CALL(int, link, LINK, (const char *a, const char *b), (a, b), b, -1)
PATH_CALL(int, linkat, LINK, (int c, const char *a, int d, const char *b, int f), (c, a, d, b, f), b, -1)
PATH_CALL(int, symlink, LINK, (const char *a, const char *b), (a, b), b, -1)
PATH_CALL(int, unlink, UNLINK, (const char *a), (a), a, -1)
PATH_CALL(int, unlinkat, UNLINK, (int d, const char *a, int f), (d, a, f), a, -1)
PATH_CALL(int, rmdir, UNLINK, (const char *a), (a), a, -1)
PATH_CALL(int, mkdir, MKDIR, (const char *a, mode_t m), (a, m), a, -1)
PATH_CALL(int, mkdirat, MKDIR, (int d, const char *a, mode_t m), (d, a, m), a, -1)
PATH_CALL(int, ftruncate, TRUNCATE, (int fd, off_t l), (fd, l), NULL, fd)
PATH_CALL(int, ftruncate64, TRUNCATE, (int fd, off64_t l), (fd, l), NULL, fd)
PATH_CALL(int, truncate, TRUNCATE, (const char *a, off_t l), (a, l), a, -1)
PATH_CALL(int, fallocate, ALLOCATE, (int fd, int m, off_t o, off_t l), (fd, m, o, l), NULL, fd)
PATH_CALL(int, fallocate64, ALLOCATE, (int fd, int m, off64_t o, off64_t l), (fd, m, o, l), NULL, fd)
PATH_CALL(int, chmod, CHMOD, (const char *a, mode_t m), (a, m), a, -1)
PATH_CALL(int, fchmod, CHMOD, (int fd, mode_t m), (fd, m), NULL, fd)
PATH_CALL(int, fchmodat, CHMOD, (int d, const char *a, mode_t m, int f), (d, a, m, f), a, -1)
PATH_CALL(int, chown, CHOWN, (const char *a, uid_t u, gid_t g), (a, u, g), a, -1)
PATH_CALL(int, lchown, CHOWN, (const char *a, uid_t u, gid_t g), (a, u, g), a, -1)
PATH_CALL(int, fchown, CHOWN, (int fd, uid_t u, gid_t g), (fd, u, g), NULL, fd)
PATH_CALL(int, fchownat, CHOWN, (int d, const char *a, uid_t u, gid_t g, int f), (d, a, u, g, f), a, -1)
PATH_CALL(int, setgroups, IDS, (size_t n, const gid_t *g), (n, g), "setgroups", -1)
PATH_CALL(int, getgroups, IDS, (int n, gid_t *g), (n, g), "getgroups", -1)
PATH_CALL(int, setegid, IDS, (gid_t g), (g), "setegid", -1)
PATH_CALL(int, seteuid, IDS, (uid_t u), (u), "seteuid", -1)
PATH_CALL(int, setresuid, IDS, (uid_t r, uid_t e, uid_t s), (r, e, s), "setresuid", -1)
PATH_CALL(int, setresgid, IDS, (gid_t r, gid_t e, gid_t s), (r, e, s), "setresgid", -1)
PATH_CALL(int, flock, LOCK, (int fd, int o), (fd, o), NULL, fd)
PATH_CALL(int, dup, DUP, (int fd), (fd), NULL, fd)
PATH_CALL(off_t, lseek, SEEK, (int fd, off_t o, int w), (fd, o, w), NULL, fd)
PATH_CALL(off64_t, lseek64, SEEK, (int fd, off64_t o, int w), (fd, o, w), NULL, fd)
PATH_CALL(ssize_t, readlink, READLINK, (const char *a, char *to, size_t l), (a, to, l), a, -1)
PATH_CALL(ssize_t, readlinkat, READLINK, (int d, const char *a, char *to, size_t l), (d, a, to, l), a, -1)
PATH_CALL(int, stat, STAT, (const char *a, struct stat *s), (a, s), a, -1)
PATH_CALL(int, stat64, STAT, (const char *a, struct stat64 *s), (a, s), a, -1)
PATH_CALL(int, lstat, STAT, (const char *a, struct stat *s), (a, s), a, -1)
PATH_CALL(int, lstat64, STAT, (const char *a, struct stat64 *s), (a, s), a, -1)
PATH_CALL(int, fstat, STAT, (int fd, struct stat *s), (fd, s), NULL, fd)
PATH_CALL(int, fstat64, STAT, (int fd, struct stat64 *s), (fd, s), NULL, fd)
PATH_CALL(int, fstatat, STAT, (int d, const char *a, struct stat *s, int f), (d, a, s, f), a, -1)
PATH_CALL(int, fstatat64, STAT, (int d, const char *a, struct stat64 *s, int f), (d, a, s, f), a, -1)
/* Rust tries whether there is a statx with a path of NULL, which the header forbids. */
static __attribute__((noipa)) const char *named(const char *path) {
	return path != NULL && *path != '\0' ? path : NULL;
}
PATH_CALL(int, statx, STAT, (int d, const char *a, int f, unsigned int m, struct statx *s), (d, a, f, m, s),
	named(a), d)
PATH_CALL(int, access, STAT, (const char *a, int m), (a, m), a, -1)

char *realpath(const char *path, char *into) {
	REAL(char *, realpath, (const char *, char *));
	CALL(READLINK, path, -1, char *, NULL, real(path, into), (void)0);
}
char *getcwd(char *into, size_t length) {
	REAL(char *, getcwd, (char *, size_t));
	CALL(READLINK, "getcwd", -1, char *, NULL, real(into, length), (void)0);
}

/* These give the error itself. */
#define NUMBER_CALL(name, group, parameters, arguments, path, fd) \
	int name parameters { \
		REAL(int, name, parameters); \
		enum how what = hit(group, path, fd); \
		if (what == FAIL) \
			return number; \
		int result = real arguments; \
		after(what); \
		return what == FAIL_AFTER ? number : result; \
	}
NUMBER_CALL(posix_fallocate, ALLOCATE, (int fd, off_t o, off_t l), (fd, o, l), NULL, fd)
NUMBER_CALL(posix_fallocate64, ALLOCATE, (int fd, off64_t o, off64_t l), (fd, o, l), NULL, fd)
NUMBER_CALL(getpwnam_r, LOOKUP, (const char *a, struct passwd *p, char *b, size_t l, struct passwd **r),
	(a, p, b, l, r), a, -1)
NUMBER_CALL(getpwuid_r, LOOKUP, (uid_t u, struct passwd *p, char *b, size_t l, struct passwd **r), (u, p, b, l, r),
	"getpwuid_r", -1)
NUMBER_CALL(getgrnam_r, LOOKUP, (const char *a, struct group *p, char *b, size_t l, struct group **r),
	(a, p, b, l, r), a, -1)

#define MMAP_AS(name, offset) \
	void *name(void *at, size_t length, int protection, int flags, int fd, offset from) { \
		REAL(void *, name, (void *, size_t, int, int, int, offset)); \
		if (fd < 0) \
			return real(at, length, protection, flags, fd, from); \
		CALL(MMAP, NULL, fd, void *, MAP_FAILED, real(at, length, protection, flags, fd, from), \
			munmap(result, length)); \
	}
MMAP_AS(mmap, off_t) MMAP_AS(mmap64, off64_t)

#define FCNTL_AS(name) \
	int name(int fd, int command, ...) { \
		REAL(int, name, (int, int, ...)); \
		va_list list; \
		va_start(list, command); \
		void *argument = va_arg(list, void *); \
		va_end(list); \
		switch (command) { \
		case F_SETLK: case F_SETLKW: case F_OFD_SETLK: case F_OFD_SETLKW: { \
			CALL(LOCK, NULL, fd, int, -1, real(fd, command, argument), (void)0); \
		} \
		case F_DUPFD: case F_DUPFD_CLOEXEC: { \
			CALL(DUP, NULL, fd, int, -1, real(fd, command, argument), syscall(SYS_close, result)); \
		} \
		default: \
			return real(fd, command, argument); \
		} \
	}
FCNTL_AS(fcntl) FCNTL_AS(fcntl64)

#define SLEEP_AS(name, parameters, arguments, wanted) \
	int name parameters { \
		REAL(int, name, parameters); \
		return active && (wanted)->tv_sec >= 1 ? 0 : real arguments; \
	}
SLEEP_AS(nanosleep, (const struct timespec *a, struct timespec *b), (a, b), a)
SLEEP_AS(clock_nanosleep, (clockid_t c, int f, const struct timespec *a, struct timespec *b), (c, f, a, b), a)
