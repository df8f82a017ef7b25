/**
 * The helper process: the only one that ever enters a foreign namespace. Not for import: a process
 * started by `startNetnsHelper` runs this file. Its life is its channel's: when the other end is
 * closed, by whatever end of the parent, it ends with everything it started.
 */
import { serve } from './helper/server.ts'

await serve()
