/* Keeps a browser from hearing that the machine's networks change, as they do whenever a container starts: it gives up requests on
 * their way to this very machine then. Loaded before it (LD_PRELOAD) by scripts/story. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int socket(int domain, int type, int protocol) {
    if (domain == AF_NETLINK) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}
