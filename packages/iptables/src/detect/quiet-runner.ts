import { type CommandRunner } from '../apply/backend.ts'

/** In a mount namespace of its own, the file that says which name services to ask is empty. */
const script = 'mount --bind /dev/null /etc/nsswitch.conf && exec "$@"'

/**
 * A runner whose programs ask no name service. `nft` and `iptables` look each uid up as if it were
 * the name of a user, which from inside a pod's namespace can mean waiting for a directory server
 * that cannot be reached there. Needs CAP_SYS_ADMIN, `unshare`, `mount` and a shell.
 */
export function quietRunner(runner: CommandRunner): CommandRunner {
  const prefix = ['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', script, 'sh'] as const
  return {
    run: (argv, stdin, options) => runner.run([...prefix, ...argv], stdin, options),
  }
}
