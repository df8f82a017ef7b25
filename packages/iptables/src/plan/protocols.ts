import { type ProtocolMatch } from '../model/match.ts'

/** TCP: whose connections are captured. */
export const tcp: ProtocolMatch = { kind: 'protocol', protocol: 'tcp' }
