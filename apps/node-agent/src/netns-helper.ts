/** The process that enters pods' namespaces; the agent starts it and never does so itself. */
import '@proxy/netns/helper'
