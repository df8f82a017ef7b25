import { type AgentHandlers, type RequestContext } from './handlers.ts'
import { type Operation, type Requests, type Responses } from './routes.ts'

type Performers = {
  readonly [K in Operation]: (
    handlers: AgentHandlers,
    request: Requests[K],
    context: RequestContext,
  ) => Promise<Responses[K]>
}

const performers: Performers = {
  add: (handlers, request, context) => handlers.add(request, context),
  del: (handlers, request, context) => handlers.del(request, context),
  check: (handlers, request, context) => handlers.check(request, context),
  gc: (handlers, request, context) => handlers.gc(request, context),
  status: (handlers, _request, context) => handlers.status(context),
  sidecars: (handlers, _request, context) => handlers.sidecars(context),
  explain: (handlers, request, context) => handlers.explain(request, context),
  version: (handlers, _request, context) => handlers.version(context),
}

/** Hands a checked request to its handler. */
export async function perform<K extends Operation>(
  operation: K,
  request: Requests[K],
  handlers: AgentHandlers,
  context: RequestContext,
): Promise<Responses[K]> {
  return await performers[operation](handlers, request, context)
}
