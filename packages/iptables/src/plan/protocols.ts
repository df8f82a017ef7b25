import { type ProtocolMatch } from '../model/match.ts'

/** UDP: of which DNS queries alone are captured. */
export const udp: ProtocolMatch = { kind: 'protocol', protocol: 'udp' }

/** TCP: whose connections are captured. */
export const tcp: ProtocolMatch = { kind: 'protocol', protocol: 'tcp' }
