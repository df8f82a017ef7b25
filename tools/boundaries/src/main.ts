import { fileURLToPath } from 'node:url'

import { findViolations } from './layers.ts'
import { readProjects } from './workspace.ts'

const root = process.argv[2] ?? fileURLToPath(new URL('../../..', import.meta.url))
const projects = readProjects(root)
const violations = findViolations(projects)
for (const violation of violations) console.error(violation)
if (projects.length === 0) console.error(`no project found under ${root}`)
else if (violations.length === 0) console.log(`${projects.length} projects, no boundary is broken`)
process.exitCode = violations.length === 0 && projects.length > 0 ? 0 : 1
