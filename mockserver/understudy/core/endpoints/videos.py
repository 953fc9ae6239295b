"""Videos: asked for, looked after, downloaded, remixed, edited, extended, deleted; and characters out of them.

    POST   /v1/videos                        JSON or a form
    GET    /v1/videos
    GET    /v1/videos/{video_id}
    DELETE /v1/videos/{video_id}
    GET    /v1/videos/{video_id}/content
    POST   /v1/videos/{video_id}/remix
    POST   /v1/videos/edits                  JSON or a form
    POST   /v1/videos/extensions             likewise
    POST   /v1/videos/characters             a form
    GET    /v1/videos/characters/{character_id}

Those that make a video are limited, and charged by the second when they are asked for, unless the prompt is refused; of
an extension the new seconds alone ("our choice").
Parameters and shapes from the OpenAPI document 2.3.0; no exchange was recorded, so all words of errors that are not
those of other endpoints are "our choice".
"""

from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

from msgspec import structs

from understudy.core import errors, headers, ids
from understudy.core.catalog import Model
from understudy.core.clock import SECOND
from understudy.core.endpoints.form_fields import read_form, single
from understudy.core.endpoints.image_uploads import bytes_of_url
from understudy.core.endpoints.organization.access import Query, Steps
from understudy.core.errors import ApiError
from understudy.core.media import Media, UnreadablePicture
from understudy.core.messages import Request
from understudy.core.operations import Call, ChargedBeside, Cost, Reply, Stepwise, json_body
from understudy.core.pacing import Pacing
from understudy.core.parameters import fields, optional, string
from understudy.core.pricing import Usage
from understudy.core.replies.moderation import Moderation
from understudy.core.serialise import decode_object, pretty
from understudy.core.store import Store
from understudy.core.stored_files import FileShelf, Step, done
from understudy.core.video_jobs import (
    CHARACTER,
    FILE,
    KIND,
    Character,
    Video,
    durations,
    find,
    find_character,
    kept_file,
    page,
)
from understudy.core.video_plans import Segment, VideoFacts
from understudy.core.visits import Page, Visit
from understudy.core.work import worked

SECONDS = ("4", "8", "12")
SIZES = ("720x1280", "1280x720", "1024x1792", "1792x1024")
EXTENSIONS = (*SECONDS, "16", "20")
LONGEST_VIDEO = 120
"""Seconds of an extended video ("our choice")."""
_LONGEST_SOURCE = 60
"""Seconds of an uploaded video that are taken ("our choice")."""
LONGEST_PROMPT, LONGEST_NAME = 32_000, 80
MOST_LISTED = 100
_VARIANTS = {"video": b"video/mp4", "thumbnail": b"image/webp", "spritesheet": b"image/jpeg"}
_BLOCKED = "Your request was blocked by our moderation system."


def _unwrap(form: dict[str, Any], name: str) -> None:
    """A field without a file name is a text, perhaps with an object in it."""
    given = form.get(name)
    if isinstance(given, list) and len(given) == 1 and given[0].filename is None:
        form[name] = decode_object(given[0].value) or given[0].value.decode("utf-8", "replace")


class _VideoOperation(Stepwise):
    """What those that make a video have in common; see `core.operations.Operation`."""

    endpoint = "videos"
    shows_limits = True
    proxied = False
    parameters: tuple[str, ...] = ()

    def __init__(self, moderation: Moderation) -> None:
        self.moderation = moderation

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """JSON, or a form."""
        kind = (request.header(b"content-type") or "").lower()
        if not kind.startswith("multipart/"):
            return {**json_body(request), **names}
        form = read_form(request, media, files=("input_reference", "video"))
        for name in [name for name in form if name.endswith("]")]:
            # The SDKs send objects in forms as `video[id]`.
            outer, _, inner = name[:-1].partition("[")
            form.setdefault(outer, {})[inner] = form.pop(name)
        for name in ("video", "input_reference"):
            _unwrap(form, name)
        form.update(names)
        return form

    def unknown_model(self, name: str) -> ApiError:
        """400, as images have it."""
        return errors.BadRequest(f"The model '{name}' does not exist.", code="invalid_value", param="model")

    def wrong_model(self, model: Model) -> ApiError:
        """The same."""
        return self.unknown_model(model.id)

    def out_of_credits(self) -> ApiError:
        """429."""
        return errors.out_of_credits()

    def cost(self, body: dict[str, Any]) -> Cost:
        """A request; video models have no limit of tokens."""
        return Cost(tokens=0)

    def refused(self, call: Call, error: ApiError, media: Media) -> Reply | None:
        """The ordinary 429."""
        return None

    def check_prompt(self, body: dict[str, Any]) -> None:
        """Names of parameters, and the prompt; raises BadRequest."""
        for name in body:
            if name not in self.parameters:
                raise errors.unknown_parameter(name)
        prompt = body.get("prompt")
        if prompt is None:
            raise errors.missing("prompt")
        if not isinstance(prompt, str):
            raise errors.wrong_type("prompt", "a string", prompt)
        if not prompt:
            raise errors.empty_string("prompt")
        if len(prompt) > LONGEST_PROMPT:
            raise errors.string_too_long("prompt", LONGEST_PROMPT, len(prompt))

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Not asked: it answers step by step."""
        raise NotImplementedError

    def begin(self, call: Call, video: Video) -> Reply:
        """Keep it, and show it."""
        call.keeps = lambda: (KIND, video.id, video.encoded())
        return _Begun(call, video)

    def refusal(self, prompt: str) -> str:
        """Why a video of it fails; empty when it does not."""
        return _BLOCKED if self.moderation.findings(prompt) else ""


class VideoCreated(_VideoOperation):
    """A video of a prompt."""

    parameters = ("prompt", "model", "seconds", "size", "input_reference")

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name, sora-2 unless it is given."""
        name = body.get("model", "sora-2")
        if not isinstance(name, str):
            raise errors.wrong_type("model", "a string", name)
        return name

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Parameters; the picture to begin with is looked at later."""
        self.check_prompt(body)
        for name, accepted in (("seconds", SECONDS), ("size", SIZES)):
            given = body.get(name)
            if given is not None and given not in accepted:
                raise errors.invalid_value(name, given, accepted)

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """Begin a job."""
        body, model = call.body, call.model
        seconds = int(body.get("seconds") or SECONDS[0])
        queued, work = durations(model.listed, seconds, pacing)
        picture = yield from _reference(call, media, store)
        id = _new_id(call)
        if picture:
            yield from done(store.keep(call.account, FILE, id, picture))
        video = Video(
            id=id,
            model=model.id,
            price=model.price,
            prompt=body["prompt"],
            size=body.get("size") or SIZES[0],
            seconds=seconds,
            created=call.now,
            queued=queued,
            work=work,
            seed=call.seed,
            refused=self.refusal(body["prompt"]),
            reference=id if picture else "",
        )
        return self.begin(call, video)


def _reference(call: Call, media: Media, store: Store) -> Step[bytes]:
    """The picture to begin with, empty for none: uploaded, in a data URL, or by the id of a file.

    Raises:
        BadRequest, NotFound: it is no picture of the video's size, or is not there.
    """
    body, path = call.body, "input_reference"
    given = body.get(path)
    if given is None:
        return b""
    if isinstance(given, list):
        part = single(body, path)
        file = b"" if part is None else part.value
    else:
        fields({"image_url": optional(string()), "file_id": optional(string())})(path, given)
        url, id = given.get("image_url"), given.get("file_id")
        if (url is None) is (id is None):
            raise errors.BadRequest(
                f"Invalid '{path}': exactly one of 'image_url' and 'file_id' is required.",
                code="invalid_value",
                param=path,
            )
        if url is not None:
            file = bytes_of_url(url, path)
        else:
            shelf = FileShelf(store, call.account, call.now)
            file = yield from shelf.content((yield from shelf.find(id)).id)
    facts = media.reader.decode(file)
    if isinstance(facts, UnreadablePicture):
        raise errors.BadRequest(
            f"Invalid '{path}': the file is not an image that can be read.", code="invalid_image_file", param=path
        )
    size = f"{facts.width}x{facts.height}"
    if size != (body.get("size") or SIZES[0]):
        raise errors.BadRequest(
            f"Inpaint image must match the requested width and height: it is {size}.", code="invalid_value", param=path
        )
    return file


class _Source(NamedTuple):
    """A video that another one is made of: kept, or uploaded."""

    segments: tuple[Segment, ...]
    size: str
    seconds: int
    model: str
    price: str
    upload: str = ""
    reference: str = ""


def _source(call: Call, media: Media, store: Store) -> Step[_Source]:
    """The video that a request names or holds.

    Raises:
        BadRequest: it is no video, or not completed.
        NotFound: there is none.
    """
    given = call.body["video"]
    if not isinstance(given, list):
        video: Video = yield from find(store, call.account, given["id"])
        if video.status(call.now) != "completed":
            raise errors.BadRequest(f"Video '{video.id}' is not completed.", param="video.id")
        return _Source(video.parts, video.size, video.seconds, video.model, video.price, video.upload, video.reference)
    part = single(call.body, "video")
    file = b"" if part is None else part.value
    facts: VideoFacts | None = yield from worked(lambda: media.videos.read(file))
    if facts is None:
        raise _no_video()
    # A size that is made, of the same orientation.
    size = SIZES[1] if facts.width > facts.height else SIZES[0]
    seconds = min(max(-(-facts.milliseconds // 1_000), 1), _LONGEST_SOURCE)
    name = _new_id(call)
    yield from done(store.keep(call.account, FILE, name, file))
    return _Source((Segment("", seconds, call.seed, uploaded=True),), size, seconds, "sora-2", "sora-2", upload=name)


def _no_video() -> ApiError:
    return errors.BadRequest(
        "Invalid 'video': the file is not a video that can be read.", code="invalid_video_file", param="video"
    )


class VideoRemixed(_VideoOperation):
    """A finished video anew, with another prompt; of the same model, size and length."""

    parameters = ("prompt", "video_id")

    def read_model(self, body: dict[str, Any]) -> str:
        """Its limit is that of all video models; what it costs is the source's model's."""
        return "sora-2"

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """The prompt."""
        self.check_prompt(body)

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """Begin a job; raises NotFound, or BadRequest of a source that is not finished."""
        source: Video = yield from find(store, call.account, call.body["video_id"])
        if source.status(call.now) != "completed":
            raise errors.BadRequest(f"Video '{source.id}' is not completed.", param="video_id")
        prompt = call.body["prompt"]
        queued, work = durations(source.price, source.seconds, pacing)
        video = Video(
            id=_new_id(call),
            model=source.model,
            price=source.price,
            prompt=prompt,
            size=source.size,
            seconds=source.seconds,
            created=call.now,
            queued=queued,
            work=work,
            seed=call.seed,
            source=source.id,
            refused=self.refusal(prompt),
        )
        return self.begin(call, video)


class _FromVideo(_VideoOperation):
    """What is made of a video that is kept or uploaded, by its model."""

    def read_model(self, body: dict[str, Any]) -> str:
        """Its limit is that of all video models; what it costs is the source's model's."""
        return "sora-2"

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """The prompt, and that there is a video."""
        self.check_prompt(body)
        given = body.get("video")
        if given is None:
            raise errors.missing("video")
        if not isinstance(given, list):
            fields({"id": string(minimum=1)}, ("id",))("video", given)

    def begin_from(
        self, call: Call, source: _Source, segments: tuple[Segment, ...], made: int, pacing: Pacing
    ) -> Reply:
        """Begin a job that has so many seconds to make; all of its segments come from the source but for those."""
        prompt = call.body["prompt"]
        queued, work = durations(source.price, made, pacing)
        video = Video(
            id=_new_id(call),
            model=source.model,
            price=source.price,
            prompt=prompt,
            size=source.size,
            seconds=sum(segment.seconds for segment in segments),
            created=call.now,
            queued=queued,
            work=work,
            seed=call.seed,
            refused=self.refusal(prompt),
            segments=segments,
            upload=source.upload,
            reference=source.reference,
            charged=made,
        )
        return self.begin(call, video)


class VideoEdited(_FromVideo):
    """A video with a change all over it, of the same size and length."""

    parameters = ("prompt", "video")

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """Begin a job."""
        source = yield from _source(call, media, store)
        prompt = call.body["prompt"]
        changed = tuple(structs.replace(each, changes=(*each.changes, prompt)) for each in source.segments)
        return self.begin_from(call, source, changed, source.seconds, pacing)


class VideoExtended(_FromVideo):
    """A video that goes on after its end."""

    parameters = ("prompt", "video", "seconds")

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """The seconds, too."""
        super().check(body, model, media)
        seconds = body.get("seconds")
        if seconds is None:
            raise errors.missing("seconds")
        if seconds not in EXTENSIONS:
            raise errors.invalid_value("seconds", seconds, EXTENSIONS)

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """Begin a job; raises BadRequest of one that would be too long."""
        source = yield from _source(call, media, store)
        more = int(call.body["seconds"])
        if source.seconds + more > LONGEST_VIDEO:
            raise errors.BadRequest(
                f"The extended video would have {source.seconds + more} seconds; at most {LONGEST_VIDEO} are made.",
                code="invalid_value",
                param="seconds",
            )
        longer = (*source.segments, Segment(call.body["prompt"], more, call.seed))
        return self.begin_from(call, source, longer, more, pacing)


def _new_id(call: Call) -> str:
    return "video_" + ids.hexadecimal(call.seed, 48, b"video")


class _Begun(ChargedBeside):
    """The answer: a job that was just queued."""

    content_type = headers.JSON
    service_tier = "default"
    due = 0
    processing = 0

    def __init__(self, call: Call, video: Video) -> None:
        self.body: bytes | None = pretty(video.shown(call.now)) + b"\n"
        self._video = video
        self._same = video.price == call.model.price
        self._usage = Usage()
        if not video.refused:
            kind = "720p" if "720" in video.size else "1024p"
            # The price list knows no other for sora-2 ("our choice": it makes the larger sizes at the same price).
            kind = kind if video.price == "sora-2-pro" else "720p"
            seconds = video.seconds if video.charged is None else video.charged
            self._usage = Usage(video_seconds=seconds, video=kind)

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """No stream."""
        return iter(())

    def usage(self, *, complete: bool) -> Usage:
        """Its seconds."""
        return self._usage if self._same else Usage()

    def beside(self) -> list[tuple[Usage, str]]:
        """A remix of another model's video costs what that model does."""
        return [] if self._same else [(self._usage, self._video.price)]


class VideosListed:
    """The project's videos."""

    def answer(self, visit: Visit) -> Steps:
        """A page of them, the newest first unless asked otherwise."""
        query = Query(visit, ("limit", "order", "after"))
        limit = query.whole("limit", 0, MOST_LISTED, 20)
        newest_first = query.word("order", ("asc", "desc"), "desc") == "desc"
        found, has_more = yield from page(
            visit.simulator.store,
            visit.account,
            query.text("after"),
            20 if limit is None else limit,
            newest_first=newest_first,
        )
        value = {
            "object": "list",
            "data": [video.shown(visit.now) for video in found],
            "first_id": found[0].id if found else None,
            "last_id": found[-1].id if found else None,
            "has_more": has_more,
        }
        return _page(visit, value)


def _page(visit: Visit, value: dict[str, Any]) -> Page:
    return Page(pretty(value) + b"\n", headers=headers.engine(visit.account, 0))


class VideoRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """How far it is, and when to ask again (header that the official SDKs read)."""
        video = yield from find(visit.simulator.store, visit.account, visit.names["video_id"])
        read = _page(visit, video.shown(visit.now))
        read.headers = [*read.headers, (b"openai-poll-after-ms", b"%d" % video.poll_after(visit.now))]
        return read


class VideoContent:
    """Its file, or pictures of it."""

    def answer(self, visit: Visit) -> Steps:
        """Made now; raises NotFound, or BadRequest while it is not finished."""
        variant = Query(visit, ("variant",)).word("variant", tuple(_VARIANTS), "video")
        video = yield from find(visit.simulator.store, visit.account, visit.names["video_id"])
        if video.status(visit.now) != "completed":
            raise errors.NotFound(f"Video '{video.id}' is not ready: it is {video.status(visit.now)}.")
        if video.expired(visit.now):
            raise errors.NotFound(f"The content of video '{video.id}' has expired.")
        videos = visit.simulator.media.videos
        make = {"video": videos.film, "thumbnail": videos.thumbnail, "spritesheet": videos.spritesheet}[variant]
        store = visit.simulator.store
        upload = yield from kept_file(store, visit.account, video.upload)
        reference = yield from kept_file(store, visit.account, video.reference)
        plan = video.plan(upload, reference)
        made = yield from worked(lambda: make(plan))
        return Page(made, headers=headers.engine(visit.account, 0), content_type=_VARIANTS[variant])


class VideoDeleted:
    """It is kept no longer."""

    def answer(self, visit: Visit) -> Steps:
        """What was deleted; raises NotFound, or BadRequest of one that is still being made."""
        store = visit.simulator.store
        video = yield from find(store, visit.account, visit.names["video_id"])
        if video.status(visit.now) not in ("completed", "failed"):
            raise errors.BadRequest(f"Video '{video.id}' cannot be deleted: it is {video.status(visit.now)}.")
        yield from done(store.drop(visit.account, KIND, video.id))
        # Files that it began with stay: edits and extensions of it are made of them, too.
        return _page(visit, {"object": "video.deleted", "deleted": True, "id": video.id})


class CharacterCreated:
    """A character out of an uploaded video; free, and not limited ("our choice")."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it; raises BadRequest."""
        media = visit.simulator.media
        body = read_form(visit.request, media, files=("video",))
        for name in body:
            if name not in ("video", "name"):
                raise errors.unknown_parameter(name)
        part = single(body, "video")
        if part is None:
            raise errors.missing("video")
        if body.get("name") is None:
            raise errors.missing("name")
        string(LONGEST_NAME, 1)("name", body["name"])
        facts = yield from worked(lambda: media.videos.read(part.value))
        if facts is None:
            raise _no_video()
        seed = visit.simulator.seed_for(visit.account, visit.request_id.encode(), 0)
        made = Character("char_" + ids.hexadecimal(seed, 48, b"character"), body["name"], visit.now // SECOND)
        yield from done(visit.simulator.store.keep(visit.account, CHARACTER, made.id, made.encoded()))
        return _page(visit, made.shown())


class CharacterRead:
    """One of them."""

    def answer(self, visit: Visit) -> Steps:
        """What is said of it; raises NotFound."""
        found = yield from find_character(visit.simulator.store, visit.account, visit.names["character_id"])
        return _page(visit, found.shown())
