"""A Jupyter kernel provisioner that starts stock kernels on sockets of their own instead of TCP ports.

Jupyter's client looks for five free ports, lets them go again and tells the kernel to take them a second later. On a
busy machine another process may have one of them by then, and the kernel dies, or hangs until its time is over: with
six at once two of 200 did.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

#: Environment variable that chooses a provisioner.
VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"
NAME = "who-pays-stock"
#: Bytes that a socket's path may hold: 107 on Linux, 103 on macOS; five are for the number of the socket.
_LONGEST = 98


class SocketProvisioner(LocalProvisioner):
    """Starts kernels the ordinary way, on sockets in a folder that only this user can enter."""

    _sockets: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets; where the system has none, or too long a name for them, it stays with TCP."""
        manager: Any = self.parent
        if manager is not None and self._sockets is None and os.name == "posix":
            folder = Path(tempfile.mkdtemp(prefix="wp-"))
            if len(os.fsencode(folder)) > _LONGEST:
                folder.rmdir()
            else:
                self._sockets = folder
                manager.transport, manager.ip = "ipc", str(folder / "k")
                manager.cache_ports = False
        return await super().pre_launch(**kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the folder of the sockets with the kernel that used them."""
        await super().cleanup(restart)
        if self._sockets and not restart:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
