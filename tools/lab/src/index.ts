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
