"""One server for products, agents and people over one ``Library``; needs the extra ``server``."""
