// Connect-notify PROGRAM [ARGUMENT]... connects to the socket that systemd names in NOTIFY_SOCKET, and becomes the
// program, which finds the connected socket as the file descriptor in NOTIFY_FD.
//
// Node.js cannot open a Unix datagram socket, but can write to one that it is given. So the main process itself sends
// what sd_notify(3) would, and the unit's NotifyAccess=main refuses messages of every other process, such as hooks.
package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: connect-notify PROGRAM [ARGUMENT]...")
	}
	environment := withNotifyFd(os.Environ())
	fail(os.Args[1] + ": " + syscall.Exec(os.Args[1], os.Args[1:], environment).Error())
}

// Without a socket the program starts all the same: systemd ends it in time, and a host without an agent is worse off.
func withNotifyFd(environment []string) []string {
	others := make([]string, 0, len(environment))
	for _, entry := range environment {
		if !strings.HasPrefix(entry, "NOTIFY_SOCKET=") && !strings.HasPrefix(entry, "NOTIFY_FD=") {
			others = append(others, entry)
		}
	}
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return others
	}
	fd, err := connect(path)
	if err != nil {
		say("connecting to " + path + ": " + err.Error())
		return others
	}
	return append(others, "NOTIFY_FD="+strconv.Itoa(fd))
}

// The socket outlives the exec, and never blocks: systemd may be busy, and the agent must not be.
func connect(path string) (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	// A name that begins with @ is an abstract one, for Go as for systemd.
	return fd, syscall.Connect(fd, &syscall.SockaddrUnix{Name: path})
}

func say(message string) {
	os.Stderr.WriteString("connect-notify: " + message + "\n")
}

func fail(message string) {
	say(message)
	os.Exit(127)
}
