/** A project of the workspace, as the boundary rules see it. */
export interface Project {
  readonly name: string
  /** The value of its `layer:` tag; undefined when it has none. */
  readonly layer: string | undefined
  /** Published to npm. */
  readonly public: boolean
  /** Projects in its `dependencies` and `devDependencies`. */
  readonly imports: readonly Import[]
}

/** One edge of the dependency graph. */
export interface Import {
  readonly target: string
  /** Only a devDependency: tests and benchmarks import it. */
  readonly dev: boolean
}

/** From the bottom: a layer imports lower ones only. Tools rank with apps. */
const LAYERS = ['types', 'core', 'host', 'app'] as const

/** Edges inside one layer that are allowed, each for a reason. */
const SAME_LAYER = new Map([
  ['@proxy/policy -> @proxy/iptables', 'policy decides a RedirectSpec, whose type iptables owns'],
  ['@proxy/envoy-runtime -> @proxy/netns', 'an Envoy starts inside a namespace'],
])

/** Returns a sentence for each broken rule; empty when all is well. */
export function findViolations(projects: readonly Project[]): readonly string[] {
  const byName = new Map(projects.map((project) => [project.name, project]))
  return projects.flatMap((project) => {
    const unknown = rankOf(project) === undefined
    if (unknown) return [`${project.name} has no known layer tag (has: ${project.layer ?? 'none'})`]
    return project.imports.flatMap((edge) => {
      const target = byName.get(edge.target)
      const reason = target === undefined ? undefined : forbidden(project, target, edge.dev)
      return reason === undefined
        ? []
        : [`${project.name} must not import ${edge.target}: ${reason}`]
    })
  })
}

function forbidden(from: Project, to: Project, dev: boolean): string | undefined {
  if (to.layer === 'test') {
    return dev || from.layer === 'tool' ? undefined : 'test support is for devDependencies'
  }
  if (from.layer === 'test') return 'test support imports nothing of ours'
  if (from.public && !to.public && !dev) return 'a public package would need a private one'
  if (from.layer === 'tool') return undefined
  if (to.layer === 'app' || to.layer === 'tool') return `nothing imports ${to.layer}s`
  const [fromRank, toRank] = [rankOf(from) ?? -1, rankOf(to) ?? -1]
  if (toRank > fromRank) return `layer ${String(from.layer)} lies below ${String(to.layer)}`
  if (toRank === fromRank && !SAME_LAYER.has(`${from.name} -> ${to.name}`)) {
    return `both are of layer ${String(from.layer)} and the edge is not on the list`
  }
  return undefined
}

function rankOf({ layer }: Project): number | undefined {
  if (layer === 'test' || layer === 'tool' || layer === 'workspace') return LAYERS.length
  const rank = LAYERS.findIndex((name) => name === layer)
  return rank === -1 ? undefined : rank
}
