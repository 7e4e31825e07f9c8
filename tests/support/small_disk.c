/*
 * A library for LD_PRELOAD that makes directories look like small disks, where no small disk can be mounted: in a
 * container, or in a chroot.
 *
 * SMALL_DISKS=DIR names a directory with one file for each of them: "PAGES INODES PATH". What lies below PATH may
 * have that many pages of 4096 bytes and that many files and directories; whatever needs more gets ENOSPC, as on a
 * tmpfs: a write that finds room for its beginning is short, a hole of a file takes no page before it is written to.
 *
 * It sees the calls that a program and its libraries make through the C library.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096

struct disk {
	long pages, inodes;
	char path[PATH_MAX];
};

#define REAL(type, name, parameters) \
	static type(*real) parameters; \
	if (real == NULL) \
		real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

static int raw_open(int dir, const char *path, int flags) {
	return (int)syscall(SYS_openat, dir, path, flags | O_CLOEXEC, 0);
}

/* Is `path`, which has no link in it, on a small disk? Gives a lock of it, which is closed by the caller; else -1. */
static int disk_of(const char *path, struct disk *disk) {
	const char *registry = getenv("SMALL_DISKS");
	DIR *dir = registry == NULL ? NULL : opendir(registry);
	if (dir == NULL)
		return -1;
	int found = -1;
	for (struct dirent *entry; found < 0 && (entry = readdir(dir)) != NULL;) {
		char text[PATH_MAX + 50];
		int fd = entry->d_name[0] == '.' ? -1 : raw_open(dirfd(dir), entry->d_name, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t length = syscall(SYS_read, fd, text, sizeof text - 1);
		text[length < 0 ? 0 : length] = '\0';
		size_t all = 0;
		if (sscanf(text, "%ld %ld %4095[^\n]", &disk->pages, &disk->inodes, disk->path) == 3)
			all = strlen(disk->path);
		if (all > 0 && strncmp(path, disk->path, all) == 0 && (path[all] == '/' || path[all] == '\0')) {
			flock(fd, LOCK_EX);
			found = fd;
		} else {
			syscall(SYS_close, fd);
		}
	}
	closedir(dir);
	return found;
}

static int disk_of_fd(int fd, struct disk *disk) {
	char link[40], path[PATH_MAX];
	struct stat file;
	if (getenv("SMALL_DISKS") == NULL || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		return -1;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	if (length <= 0)
		return -1;
	path[length] = '\0';
	return disk_of(path, disk);
}

/* The disk on which a new `path` would lie. */
static int disk_of_new(int dir, const char *path, struct disk *disk) {
	char name[PATH_MAX], whole[PATH_MAX], parent[PATH_MAX];
	if (getenv("SMALL_DISKS") == NULL || strlen(path) >= sizeof name)
		return -1;
	strcpy(name, path);
	char *slash = strrchr(name, '/');
	if (slash == NULL)
		strcpy(name, ".");
	else
		slash[slash == name] = '\0';
	if (name[0] == '/' || dir == AT_FDCWD)
		snprintf(whole, sizeof whole, "%s", name);
	else if ((size_t)snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", dir, name) >= sizeof whole)
		return -1;
	return realpath(whole, parent) == NULL ? -1 : disk_of(parent, disk);
}

/* Pages that have data, of the `from`-th and those up to before the `to`-th of the file. */
static long data_pages(int fd, long from, long to) {
	long pages = 0;
	for (off_t at = (off_t)from * PAGE; at < (off_t)to * PAGE;) {
		off_t data = syscall(SYS_lseek, fd, at, SEEK_DATA);
		if (data < 0 || data >= (off_t)to * PAGE)
			break;
		off_t hole = syscall(SYS_lseek, fd, data, SEEK_HOLE);
		long first = data / PAGE, end = (hole + PAGE - 1) / PAGE;
		if (end > to)
			end = to;
		pages += end - first;
		at = (off_t)end * PAGE;
	}
	return pages;
}

/* What the directory holds, itself left out. */
static void add_up(int dir, long *pages, long *inodes) {
	int fd = raw_open(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		++*inodes;
		struct stat file;
		if (fstatat(dirfd(entries), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		int inner = -1;
		if (S_ISREG(file.st_mode) || S_ISDIR(file.st_mode))
			inner = raw_open(dirfd(entries), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
		if (inner < 0)
			continue;
		if (S_ISDIR(file.st_mode))
			add_up(inner, pages, inodes);
		else
			*pages += data_pages(inner, 0, (file.st_size + PAGE - 1) / PAGE);
		syscall(SYS_close, inner);
	}
	if (entries != NULL)
		closedir(entries);
}

static void left_on(const struct disk *disk, long *pages, long *inodes) {
	long used_pages = 0, used_inodes = 0;
	int dir = raw_open(AT_FDCWD, disk->path, O_RDONLY | O_DIRECTORY);
	if (dir >= 0) {
		add_up(dir, &used_pages, &used_inodes);
		syscall(SYS_close, dir);
	}
	*pages = disk->pages - used_pages;
	*inodes = disk->inodes - used_inodes;
}

/* How many of `length` bytes at `at` (-1: where the descriptor stands) find room; the lock, or -1: not a small disk. */
static size_t room_for(int fd, off_t at, size_t length, int *lock) {
	struct disk disk;
	int error = errno;
	*lock = disk_of_fd(fd, &disk);
	size_t room = length;
	if (*lock >= 0 && length > 0) {
		long pages, inodes;
		left_on(&disk, &pages, &inodes);
		char link[40];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		int again = raw_open(AT_FDCWD, link, O_RDONLY);
		if (at < 0)
			at = fcntl(fd, F_GETFL) & O_APPEND ? syscall(SYS_lseek, again, 0, SEEK_END)
			                                   : syscall(SYS_lseek, fd, 0, SEEK_CUR);
		room = 0;
		while (room < length) {
			off_t here = at + (off_t)room;
			long page = here / PAGE;
			if (data_pages(again, page, page + 1) == 0 && --pages < 0)
				break;
			room = (size_t)(((off_t)page + 1) * PAGE - at);
		}
		if (room > length)
			room = length;
		syscall(SYS_close, again);
	}
	errno = error;
	return room;
}

static void done(int lock) {
	int error = errno;
	if (lock >= 0)
		syscall(SYS_close, lock);
	errno = error;
}

#define WRITES(at, call) \
	int lock; \
	size_t room = room_for(fd, at, length, &lock); \
	ssize_t result = -1; \
	if (room == 0 && length > 0) \
		errno = ENOSPC; \
	else \
		length = room, result = call; \
	done(lock); \
	return result

ssize_t write(int fd, const void *from, size_t length) {
	REAL(ssize_t, write, (int, const void *, size_t));
	WRITES(-1, real(fd, from, length));
}
ssize_t pwrite(int fd, const void *from, size_t length, off_t at) {
	REAL(ssize_t, pwrite, (int, const void *, size_t, off_t));
	WRITES(at, real(fd, from, length, at));
}
ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) {
	REAL(ssize_t, pwrite64, (int, const void *, size_t, off64_t));
	WRITES(at, real(fd, from, length, at));
}
/* One part at a time: a short answer is allowed. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
	for (int i = 0; i < count; i++)
		if (parts[i].iov_len > 0)
			return write(fd, parts[i].iov_base, parts[i].iov_len);
	return 0;
}
ssize_t copy_file_range(int from, off64_t *from_at, int fd, off64_t *to_at, size_t length, unsigned int flags) {
	REAL(ssize_t, copy_file_range, (int, off64_t *, int, off64_t *, size_t, unsigned int));
	WRITES(to_at == NULL ? -1 : *to_at, real(from, from_at, fd, to_at, length, flags));
}
/* The caller goes on with read and write. */
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
	REAL(ssize_t, sendfile, (int, int, off_t *, size_t));
	struct disk disk;
	int lock = disk_of_fd(to, &disk);
	if (lock < 0)
		return real(to, from, at, length);
	done(lock);
	errno = EINVAL;
	return -1;
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
	return sendfile(to, from, at, length);
}

size_t fwrite(const void *from, size_t size, size_t times, FILE *file) {
	REAL(size_t, fwrite, (const void *, size_t, size_t, FILE *));
	int lock;
	size_t length = size * times, result = 0;
	if (room_for(fileno(file), -1, length, &lock) < length)
		errno = ENOSPC;
	else
		result = real(from, size, times, file);
	/* What is held back in memory would be written without a look at the disk. */
	if (lock >= 0 && fflush(file) != 0)
		result = 0;
	done(lock);
	return result;
}

/* All that is allocated is written to, so that it counts as used. */
static int allocate(int fd, off_t at, off_t length) {
	struct disk disk;
	int lock = disk_of_fd(fd, &disk), error = 0;
	if (lock < 0)
		return -1;
	long pages, inodes, first = at / PAGE, end = (at + length + PAGE - 1) / PAGE;
	left_on(&disk, &pages, &inodes);
	char link[40];
	static const char zeros[PAGE];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	int again = raw_open(AT_FDCWD, link, O_RDWR);
	if (end - first - data_pages(again, first, end) > pages)
		error = ENOSPC;
	struct stat file;
	if (error == 0 && fstat(fd, &file) == 0 && file.st_size < at + length && ftruncate(again, at + length) != 0)
		error = errno;
	for (long page = first; page < end && error == 0; page++) {
		off_t begin = (off_t)page * PAGE, rest = at + length - begin;
		if (data_pages(again, page, page + 1) == 0
			&& syscall(SYS_pwrite64, again, zeros, rest < PAGE ? rest : PAGE, begin) < 0)
			error = errno;
	}
	syscall(SYS_close, again);
	syscall(SYS_close, lock);
	return error;
}
int posix_fallocate(int fd, off_t at, off_t length) {
	REAL(int, posix_fallocate, (int, off_t, off_t));
	int error = allocate(fd, at, length);
	return error >= 0 ? error : real(fd, at, length);
}
int posix_fallocate64(int fd, off64_t at, off64_t length) {
	return posix_fallocate(fd, at, length);
}
int fallocate(int fd, int mode, off_t at, off_t length) {
	REAL(int, fallocate, (int, int, off_t, off_t));
	int error = mode == 0 ? allocate(fd, at, length) : -1;
	if (error < 0)
		return real(fd, mode, at, length);
	errno = error;
	return error == 0 ? 0 : -1;
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) {
	return fallocate(fd, mode, at, length);
}

/* Is there no room for a new file of this name? Else the lock, or -1: not a small disk, or the name is there. */
static int no_inode(int dir, const char *path, int *lock) {
	struct disk disk;
	struct stat file;
	int error = errno, none = 0;
	*lock = -1;
	if (fstatat(dir, path, &file, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
		*lock = disk_of_new(dir, path, &disk);
		if (*lock >= 0) {
			long pages, inodes;
			left_on(&disk, &pages, &inodes);
			none = inodes < 1;
		}
	}
	errno = none ? ENOSPC : error;
	return none;
}

#define CREATES(dir, path, call) \
	int lock; \
	int none = no_inode(dir, path, &lock); \
	int result = none ? -1 : call; \
	done(lock); \
	return result

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
		if (!(flags & O_CREAT)) \
			return real(path, flags, mode); \
		CREATES(AT_FDCWD, path, real(path, flags, mode)); \
	}
#define OPENAT_AS(name) \
	int name(int dir, const char *path, int flags, ...) { \
		MODE(flags) \
		REAL(int, name, (int, const char *, int, ...)); \
		if (!(flags & O_CREAT)) \
			return real(dir, path, flags, mode); \
		CREATES(dir, path, real(dir, path, flags, mode)); \
	}
OPEN_AS(open) OPEN_AS(open64) OPENAT_AS(openat) OPENAT_AS(openat64)

int mkstemp(char *path) {
	REAL(int, mkstemp, (char *));
	CREATES(AT_FDCWD, path, real(path));
}
int mkstemp64(char *path) {
	return mkstemp(path);
}
FILE *fopen(const char *path, const char *mode) {
	REAL(FILE *, fopen, (const char *, const char *));
	int lock = -1;
	FILE *result = mode[0] != 'r' && no_inode(AT_FDCWD, path, &lock) ? NULL : real(path, mode);
	done(lock);
	return result;
}
FILE *fopen64(const char *path, const char *mode) {
	return fopen(path, mode);
}
int mkdir(const char *path, mode_t mode) {
	REAL(int, mkdir, (const char *, mode_t));
	CREATES(AT_FDCWD, path, real(path, mode));
}
int mkdirat(int dir, const char *path, mode_t mode) {
	REAL(int, mkdirat, (int, const char *, mode_t));
	CREATES(dir, path, real(dir, path, mode));
}
int link(const char *from, const char *path) {
	REAL(int, link, (const char *, const char *));
	CREATES(AT_FDCWD, path, real(from, path));
}
int linkat(int from_dir, const char *from, int dir, const char *path, int flags) {
	REAL(int, linkat, (int, const char *, int, const char *, int));
	CREATES(dir, path, real(from_dir, from, dir, path, flags));
}
int symlink(const char *to, const char *path) {
	REAL(int, symlink, (const char *, const char *));
	CREATES(AT_FDCWD, path, real(to, path));
}
