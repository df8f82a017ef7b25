import { type RuleDiff } from '../diff/diff.ts'
import { type RuleSet } from '../model/rule-set.ts'

/** What every call may be given. */
export interface CallOptions {
  /** Gives up waiting for the kernel or the command; the transaction may still take effect. */
  readonly signal?: AbortSignal
}

/** What the kernel has, compared with what it should have. */
export interface Verification {
  /** Whether the kernel has exactly the rules of the rule set. */
  readonly ok: boolean
  /** Every difference; empty when `ok`. */
  readonly differences: readonly RuleDiff[]
}

/** One way to put rules into the kernel of one network namespace. Each verb may be repeated. */
export interface RedirectBackend {
  /**
   * Makes the kernel have exactly these rules, whatever version of ours it had before, in one
   * transaction (iptables: one per family). Changes nothing when it has them already. Rules of
   * others are not touched.
   */
  apply(rules: RuleSet, options?: CallOptions): Promise<void>
  /** Reads the kernel and compares. */
  verify(rules: RuleSet, options?: CallOptions): Promise<Verification>
  /** Takes away everything of ours; nothing there is a success. */
  remove(options?: CallOptions): Promise<void>
}

/** What a command left behind. */
export interface CommandOutput {
  /** Exit status; a command killed by a signal has a non-zero one. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command inside one network namespace. `@proxy/netns` has one; tests have a recorder. */
export interface CommandRunner {
  /** Resolves for every exit status; rejects only when the command could not be run. */
  run(
    argv: readonly [string, ...string[]],
    stdin?: string,
    options?: CallOptions,
  ): Promise<CommandOutput>
}

/** A socket of family NETLINK_NETFILTER opened inside one network namespace. */
export interface NetlinkTransport {
  /**
   * Sends the messages as one datagram and resolves with every datagram that answers. The answer
   * is complete when each message that has NLM_F_ACK or NLM_F_DUMP was answered: by an
   * NLMSG_ERROR (0 is an acknowledgement) or an NLMSG_DONE with its sequence number; or when an
   * NLMSG_ERROR other than 0 carries the sequence number of the first message, because the kernel
   * then dropped the whole datagram. `replyTracker` implements this rule.
   */
  exchange(messages: Uint8Array, options?: CallOptions): Promise<Uint8Array[]>
}
