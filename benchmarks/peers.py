"""The references: a constant on the same server, and an ordinary FastAPI app doing the same job."""

import sys
from typing import Any

_CHOICE = b'{"index":0,"message":{"role":"assistant","content":"%b"}}' % (b"x" * 560)
_REPLY = b'{"id":"chatcmpl-0","object":"chat.completion","choices":[%b]}' % _CHOICE
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_REPLY)),
    (b"x-request-id", b"req_0123456789abcdef0123456789abcdef"),
    *((b"x-ratelimit-%d" % number, b"29999980") for number in range(6)),
]
_DELTA = b'{"index":0,"delta":{"content":" %b"}}' % (b"y" * 200)
_EVENT = b'data: {"id":"chatcmpl-0","object":"chat.completion.chunk","choices":[%b]}\n\n' % _DELTA


async def constant(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A raw ASGI callable that answers a constant, whole or as 100 events joined in tens."""
    message = await receive()
    if b'"stream"' in message.get("body", b""):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for _ in range(10):
            await send({"type": "http.response.body", "body": _EVENT * 10, "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _REPLY})


def ordinary() -> Any:
    """An ordinary FastAPI app: request and response models, headers, a streaming response."""
    import json
    import uuid

    from fastapi import FastAPI, Response
    from fastapi.responses import StreamingResponse
    from pydantic import BaseModel

    class Message(BaseModel):
        role: str
        content: str

    class Asked(BaseModel):
        model: str
        messages: list[Message]
        temperature: float = 1.0
        stream: bool = False

    class Choice(BaseModel):
        index: int
        message: Message
        finish_reason: str

    class Answered(BaseModel):
        id: str
        object: str = "chat.completion"
        model: str
        choices: list[Choice]
        usage: dict[str, int]

    app = FastAPI()

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(asked: Asked, response: Response) -> Any:
        name = f"chatcmpl-{uuid.uuid4().hex}"
        if asked.stream:

            async def events() -> Any:
                for _ in range(100):
                    yield f"data: {json.dumps({'id': name, 'choices': [{'delta': {'content': 'y' * 200}}]})}\n\n"
                yield "data: [DONE]\n\n"

            return StreamingResponse(events(), media_type="text/event-stream")
        for number in range(6):
            response.headers[f"x-ratelimit-{number}"] = "29999980"
        said = Message(role="assistant", content="x" * 560)
        choice = Choice(index=0, message=said, finish_reason="stop")
        return Answered(id=name, model=asked.model, choices=[choice], usage={"total_tokens": 100})

    return app


def main() -> None:
    """Serve `constant` or `ordinary` on a port."""
    import uvicorn

    kind, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        constant if kind == "constant" else ordinary(),
        port=port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        server_header=False,
        date_header=False,
    )


if __name__ == "__main__":
    main()
