import * as z from 'zod/mini'
import { type NetConf } from './net-conf.ts'

/** One container on one network, as GC names it. */
export const attachmentSchema = z.looseObject({
  /** What `CNI_CONTAINERID` was at ADD. */
  containerID: z.string(),
  /** What `CNI_IFNAME` was at ADD. */
  ifname: z.string(),
})

/** One container on one network, as GC names it. */
export type Attachment = z.infer<typeof attachmentSchema>

/**
 * What GC must keep. `undefined` when the caller named nothing, which asks for nothing to be done; an
 * empty list asks for everything to be removed. The tagged specification 1.1.0 spells the key
 * `cni.dev/attachments`; libcni sends both spellings, and this one comes second.
 */
export function validAttachmentsOf(conf: NetConf): Attachment[] | undefined {
  return conf['cni.dev/valid-attachments'] ?? conf['cni.dev/attachments']
}
