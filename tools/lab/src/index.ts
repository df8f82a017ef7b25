export {
  BUILT,
  createLab,
  labExists,
  labPlaces,
  removeLab,
  type Lab,
  type LabOptions,
  type PodOptions,
} from './lab.ts'
export { type AgentProcess } from './agent-process.ts'
export { type Pod } from './pod.ts'
export { netnsPath, processesIn } from './namespaces.ts'
export { type AccessLogEntry, type Hop, pairHops, readAccessLogs } from './hops.ts'
export { captureWire, type WireCapture, type WireConnection } from './wire.ts'
export { mountsBelow } from './lab-directory.ts'
