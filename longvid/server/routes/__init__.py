"""The routes of ``/v1``, one small router a module; ``longvid.server.app`` mounts them."""
