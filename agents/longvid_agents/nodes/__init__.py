"""The nodes of the graph, one file each; ``longvid_agents.graph`` joins them as they are drawn."""
