import { type Spawned, type TestNetns } from '@proxy/testkit'

/**
 * A proxy as TPROXY wants it: transparent listeners at port 15006, and connections to where the
 * client wanted to, from the client's address and with the mark 1337. Its sockets belong to the user
 * 1337. It puts `via <client> <destination> ` before what the application answers; connections to
 * itself and to port 9090 it answers alone.
 */
const program = `
import os, socket, sys, threading

def own(family):
    os.setegid(1337); os.seteuid(1337)
    s = socket.socket(family)
    os.seteuid(0); os.setegid(0)
    if family == socket.AF_INET:
        s.setsockopt(socket.SOL_IP, socket.IP_TRANSPARENT, 1)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.IPPROTO_IPV6, 75, 1)
    return s

lock = threading.Lock()

def serve(connection, family):
    client, wanted = connection.getpeername()[0], connection.getsockname()[:2]
    text = ('via %s %s:%d ' % (client, *wanted)).encode()
    try:
        if wanted[1] not in (15006, 9090):
            with lock:
                upstream = own(family)
            upstream.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1337)
            upstream.settimeout(3)
            upstream.bind((client, 0))
            upstream.connect(wanted)
            while chunk := upstream.recv(1000):
                text += chunk
    except OSError as error:
        text += str(error).encode()
    connection.sendall(text)
    connection.close()

def listen(family, any):
    listener = own(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((any, 15006))
    listener.listen(50)
    return listener

def accept(listener, family):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], family), daemon=True).start()

listeners = [(listen(socket.AF_INET, '0.0.0.0'), socket.AF_INET), (listen(socket.AF_INET6, '::'), socket.AF_INET6)]
for one in listeners:
    threading.Thread(target=accept, args=one, daemon=True).start()
print('listening', flush=True)
sys.stdin.read()
`

/** Starts the proxy in the namespace; it ends when disposed. */
export async function startTransparentProxy(netns: TestNetns): Promise<Spawned> {
  const spawned = await netns.spawn(['python3', '-c', program])
  await new Promise<void>((resolve, reject) => {
    spawned.process.stdout?.once('data', () => resolve())
    spawned.process.once('close', () => reject(new Error(spawned.output().stderr)))
  })
  return spawned
}
