// Client
export { agentClient } from './client.ts'
export { validateResponse } from './protocol.ts'

// Server
export { agentServer } from './server.ts'

// Delete queue
export { enqueueDelete } from './delete-queue-write.ts'
export { cancelQueuedDelete, readDeleteQueue, removeQueueEntry } from './delete-queue.ts'

// Protocol
export { AgentApiError, wireErrorCodes } from './error.ts'
export { operations, routes } from './routes.ts'
export { apiVersion, sidecarStates } from './types.ts'

export type { AgentClient, AgentClientOptions, CallOptions } from './client.ts'
export type { AgentHandlers, RequestContext } from './handlers.ts'
export type { AgentServer, AgentServerOptions, ServerLog } from './server.ts'
export type { QueuedDelete } from './delete-queue-write.ts'
export type { DeleteQueue, QueueEntry } from './delete-queue.ts'
export type {
  AgentApiErrorCode,
  AgentApiErrorOptions,
  LocalErrorCode,
  WireErrorCode,
} from './error.ts'
export type { Operation, Requests, Responses } from './routes.ts'
export type {
  AddRequest,
  AddResponse,
  AttachmentId,
  CheckRequest,
  CheckResponse,
  DelRequest,
  DelResponse,
  ErrorBody,
  ExplainRequest,
  ExplainResponse,
  GcRequest,
  GcResponse,
  PodName,
  SidecarInfo,
  SidecarsResponse,
  SidecarState,
  StatusResponse,
  VersionResponse,
} from './types.ts'
