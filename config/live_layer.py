"""The channel layer of production: Redis, which may be away while people look at runs."""

import asyncio
from uuid import uuid4

from channels_redis.pubsub import RedisPubSubChannelLayer


class LiveLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # channels_redis has no types
    """Wake-ups go to groups and never to one viewer, so a viewer's own channel is a queue in this
    process: opening it asks Redis nothing, and works while there is none."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        name = f"{prefix}{uuid4().hex}"
        self._get_layer().channels[name] = asyncio.Queue()
        return name
