"""The requests that we make of Discord's API, over the library's connection and its rate limits.

Plain JSON and not the library's objects: words that wait outlive the objects that asked for them.
"""

import json
from io import BytesIO
from typing import Any

from discord import Client, InteractionResponseType
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter

from adapters.discord.markup import Body
from adapters.discord.replies import Reply
from bot.events import File

ORIGINAL = "/messages/@original"
PRIVATE_THREAD = 12
THREAD_SLEEPS = 60
"""Minutes after which Discord folds a thread away in which nobody speaks: the fewest it takes."""


class Rest:
    """Requests, each as the documentation names it; they raise what the library raises."""

    def __init__(self, client: Client) -> None:
        """Usable once the client is logged in."""
        self._client = client
        self._tokens = AsyncWebhookAdapter()  # type: ignore[no-untyped-call]

    async def _request(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        file: File | None = None,
        **parameters: Any,  # noqa: ANN401 - as the library has it
    ) -> Any:  # noqa: ANN401 - JSON of theirs
        route = Route(method, path, **parameters)
        if file is not None:
            return await self._client.http.request(route, form=_multipart(body or {}, file))
        if body is not None:
            return await self._client.http.request(route, json=body)
        return await self._client.http.request(route)

    async def _answer(
        self,
        route: Route,
        body: Body | None = None,
        file: File | None = None,
        query: dict[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON of theirs
        """By its token alone: what holds up the bot, everywhere, holds up no answer."""
        return await self._tokens.request(
            route,
            self._client.http._HTTPClient__session,  # type: ignore[attr-defined] # as its own interactions do
            payload=body if file is None else None,
            multipart=_multipart(body or {}, file) if file is not None else None,
            params=query,
        )

    # Interactions

    async def first(
        self,
        reply: Reply,
        kind: InteractionResponseType,
        data: Body | None = None,
        file: File | None = None,
    ) -> str:
        """The first answer; the id of the message that it made or changed, if it did."""
        written: Body = {"type": kind.value}
        if data is not None:
            written["data"] = data
        path = "/interactions/{webhook_id}/{webhook_token}/callback"
        route = Route("POST", path, webhook_id=int(reply.id), webhook_token=reply.token)
        found = await self._answer(route, written, file, {"with_response": "true"})
        made = ((found or {}).get("resource") or {}).get("message") or {}
        return str(made.get("id", ""))

    async def original(self, reply: Reply, body: Body) -> str:
        """Write the first answer anew, or the message whose button was pressed."""
        found = await self._answer(self._route("PATCH", reply, ORIGINAL), body)
        return str(found["id"])

    async def drop_original(self, reply: Reply) -> None:
        """Take the first answer away."""
        await self._answer(self._route("DELETE", reply, ORIGINAL))

    async def find_original(self, reply: Reply) -> str:
        """Which message the first answer is."""
        return str((await self._answer(self._route("GET", reply, ORIGINAL)))["id"])

    async def further(self, reply: Reply, body: Body, file: File | None = None) -> str:
        """One more answer."""
        found = await self._answer(self._route("POST", reply), body, file, {"wait": "true"})
        return str(found["id"])

    def _route(self, method: str, reply: Reply, what: str = "") -> Route:
        path = "/webhooks/{webhook_id}/{webhook_token}" + what
        app = self._client.application_id
        return Route(method, path, webhook_id=app, webhook_token=reply.token)

    # Chats

    async def open_chat(self, user: str) -> str:
        """The chat of two with somebody."""
        body = {"recipient_id": user}
        return str((await self._request("POST", "/users/@me/channels", body))["id"])

    async def send(self, channel: str, body: Body, file: File | None = None) -> str:
        """A message."""
        path = "/channels/{channel_id}/messages"
        return str((await self._request("POST", path, body, file, channel_id=channel))["id"])

    async def edit(self, channel: str, message: str, body: Body) -> None:
        """Write a message of ours anew."""
        path = "/channels/{channel_id}/messages/{message_id}"
        await self._request("PATCH", path, body, channel_id=channel, message_id=message)

    async def open_thread(self, channel: str, name: str, user: str) -> str:
        """A thread that nobody sees but somebody, we, and who may manage threads."""
        body = {
            "name": name,
            "type": PRIVATE_THREAD,
            "auto_archive_duration": THREAD_SLEEPS,
            "invitable": False,
        }
        path = "/channels/{channel_id}/threads"
        thread = str((await self._request("POST", path, body, channel_id=channel))["id"])
        path = "/channels/{channel_id}/thread-members/{user_id}"
        await self._request("PUT", path, channel_id=thread, user_id=user)
        return thread

    async def thread_member(self, thread: str, user: str) -> None:
        """Raises `discord.NotFound` if they are not in it."""
        path = "/channels/{channel_id}/thread-members/{user_id}"
        await self._request("GET", path, channel_id=thread, user_id=user)

    # The application

    async def gateway(self) -> str:
        """Where events come from."""
        return str((await self._request("GET", "/gateway"))["url"])

    async def starts_left(self) -> tuple[int, float]:
        """How often a session may begin, and for how many seconds that has to do."""
        limit = (await self._request("GET", "/gateway/bot"))["session_start_limit"]
        return int(limit["remaining"]), int(limit["reset_after"]) / 1000

    async def set_commands(self, definitions: list[Body], guild: int | None) -> dict[str, str]:
        """Set all commands, of every server or of one; their ids by name."""
        app = self._client.application_id
        if guild is None:
            route = Route("PUT", "/applications/{application_id}/commands", application_id=app)
        else:
            route = Route(
                "PUT",
                "/applications/{application_id}/guilds/{guild_id}/commands",
                application_id=app,
                guild_id=guild,
            )
        found = await self._client.http.request(route, json=definitions)
        return {str(each["name"]): str(each["id"]) for each in found}


def _multipart(body: Body, file: File) -> list[dict[str, Any]]:
    """A message with a file, as Uploading Files has it; of a first answer, inside its data."""
    attached = {"attachments": [{"id": 0, "filename": file.name}]}
    inside = {**body["data"], **attached} if "data" in body else None
    whole = {**body, "data": inside} if inside else {**body, **attached}
    return [
        {"name": "payload_json", "value": json.dumps(whole), "content_type": "application/json"},
        {
            "name": "files[0]",
            "value": BytesIO(file.content.encode("utf-8", "replace")),
            "filename": file.name,
            "content_type": "application/octet-stream",
        },
    ]
