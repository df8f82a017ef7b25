// What the plugin needs: no zod behind it, for its start-up time.
export { agentClient } from './client.ts'
export { enqueueDelete } from './delete-queue-write.ts'
export { AgentApiError } from './error.ts'

export type { AgentClient, AgentClientOptions, CallOptions } from './client.ts'
export type { AgentApiErrorCode, LocalErrorCode, WireErrorCode } from './error.ts'
export type { Operation, Requests, Responses } from './routes.ts'
export type { QueuedDelete } from './delete-queue-write.ts'
export type {
  AddRequest,
  AttachmentId,
  CheckRequest,
  DelRequest,
  GcRequest,
  PodName,
} from './types.ts'
