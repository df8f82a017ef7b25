const prefix = 'proxy/'

/** Name of a rule that somebody put into our chains without a comment of ours. */
const unnamed = 'unnamed'

/** The comment that a rule of this name carries in the kernel. */
export function commentOf(name: string): string {
  return `${prefix}${name}`
}

/** The name of the rule that carries this comment. */
export function nameOfComment(comment: string | undefined): string {
  return comment?.startsWith(prefix) === true ? comment.slice(prefix.length) : unnamed
}
