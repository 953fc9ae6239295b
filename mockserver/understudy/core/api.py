"""The API's operations on their paths."""

from understudy.core.endpoints.batch_lines import BatchRunner
from understudy.core.endpoints.batches import BatchCancelled, BatchCreated, BatchesListed, BatchRead
from understudy.core.endpoints.chat import ChatCompletions
from understudy.core.endpoints.chat_stored import (
    CompletionChanged,
    CompletionDeleted,
    CompletionMessages,
    CompletionRead,
    CompletionsListed,
)
from understudy.core.endpoints.codex import (
    AccountsCheck,
    CodexModels,
    CodexResponses,
    CodexUpgrade,
    CodexUsage,
    ConfigBundle,
)
from understudy.core.endpoints.completions import Completions
from understudy.core.endpoints.embeddings import Embeddings
from understudy.core.endpoints.engines import EngineDetail, EngineList
from understudy.core.endpoints.files import FileContent, FileCreated, FileDeleted, FileRead, FilesListed
from understudy.core.endpoints.image_edits import ImageEdits, ImageVariations
from understudy.core.endpoints.images import ImageGenerations
from understudy.core.endpoints.models import ModelDeletion, ModelDetail, ModelList
from understudy.core.endpoints.moderations import Moderations
from understudy.core.endpoints.organization.routes import add_organization
from understudy.core.endpoints.provenance_checks import ProvenanceChecks
from understudy.core.endpoints.responses.routes import add_responses
from understudy.core.endpoints.sora_check import SoraCheck
from understudy.core.endpoints.speech import Speech
from understudy.core.endpoints.transcriptions import Transcriptions, Translations
from understudy.core.endpoints.uploads import PartAdded, UploadCancelled, UploadCompleted, UploadCreated
from understudy.core.endpoints.vector_store_files import (
    FileBatchCancelled,
    FileBatchCreated,
    FileBatchFiles,
    FileBatchRead,
    StoreFileAdded,
    StoreFileChanged,
    StoreFileContent,
    StoreFileDeleted,
    StoreFileRead,
    StoreFilesListed,
)
from understudy.core.endpoints.vector_stores import (
    VectorStoreChanged,
    VectorStoreCreated,
    VectorStoreDeleted,
    VectorStoreRead,
    VectorStoreSearched,
    VectorStoresListed,
)
from understudy.core.endpoints.videos import (
    CharacterCreated,
    CharacterRead,
    VideoContent,
    VideoCreated,
    VideoDeleted,
    VideoEdited,
    VideoExtended,
    VideoRead,
    VideoRemixed,
    VideosListed,
)
from understudy.core.realtime.beta_sessions import CreateSession, CreateTranscriptionSession
from understudy.core.realtime.call_operations import (
    AcceptCall,
    CreateBetaCall,
    CreateCall,
    HangUpCall,
    ReferCall,
    RejectCall,
)
from understudy.core.realtime.client_secrets import CreateClientSecret
from understudy.core.replies.moderation import Moderation
from understudy.core.routes import Routes


def build_routes(moderation: Moderation) -> Routes:
    """Everything that is answered, on the paths of the OpenAPI document.

    Args:
        moderation: the words that prompts of pictures may not have, and that flag a text.
    """
    routes = Routes()
    routes.meter("POST", "/v1/chat/completions", ChatCompletions(moderation))
    _add_stored_completions(routes)
    routes.meter("POST", "/v1/completions", Completions())
    routes.meter("POST", "/v1/engines/{engine}/completions", Completions())
    routes.meter("POST", "/v1/embeddings", Embeddings())
    routes.meter("POST", "/v1/engines/{engine}/embeddings", Embeddings())
    routes.meter("POST", "/v1/audio/speech", Speech())
    routes.meter("POST", "/v1/audio/transcriptions", Transcriptions())
    routes.meter("POST", "/v1/audio/translations", Translations())
    routes.meter("POST", "/v1/moderations", Moderations(moderation))
    routes.meter("POST", "/v1/images/generations", ImageGenerations(moderation))
    routes.meter("POST", "/v1/images/edits", ImageEdits(moderation))
    routes.meter("POST", "/v1/images/variations", ImageVariations(moderation))
    routes.answer("POST", "/v1/content_provenance_checks", ProvenanceChecks())
    _add_realtime(routes)
    _add_files(routes)
    _add_videos(routes, moderation)
    _add_batches(routes)
    _add_vector_stores(routes)
    routes.look_up("GET", "/v1/models", ModelList())
    routes.look_up("GET", "/v1/models/{model}", ModelDetail())
    routes.look_up("DELETE", "/v1/models/{model}", ModelDeletion())
    routes.look_up("GET", "/v1/engines", EngineList())
    routes.look_up("GET", "/v1/engines/{engine}", EngineDetail())
    add_responses(routes, moderation)
    add_organization(routes)
    _add_chatgpt(routes)
    return routes


def _add_stored_completions(routes: Routes) -> None:
    one = "/v1/chat/completions/{completion_id}"
    routes.answer("GET", "/v1/chat/completions", CompletionsListed())
    routes.answer("GET", one, CompletionRead())
    routes.answer("POST", one, CompletionChanged())
    routes.answer("DELETE", one, CompletionDeleted())
    routes.answer("GET", f"{one}/messages", CompletionMessages())


def _add_files(routes: Routes) -> None:
    one = "/v1/files/{file_id}"
    routes.answer("POST", "/v1/files", FileCreated())
    routes.answer("GET", "/v1/files", FilesListed())
    routes.answer("GET", one, FileRead())
    routes.answer("DELETE", one, FileDeleted())
    routes.answer("GET", f"{one}/content", FileContent())
    one = "/v1/uploads/{upload_id}"
    routes.answer("POST", "/v1/uploads", UploadCreated())
    routes.answer("POST", f"{one}/parts", PartAdded())
    routes.answer("POST", f"{one}/complete", UploadCompleted())
    routes.answer("POST", f"{one}/cancel", UploadCancelled())


def _add_videos(routes: Routes, moderation: Moderation) -> None:
    one = "/v1/videos/{video_id}"
    routes.meter("POST", "/v1/videos", VideoCreated(moderation))
    routes.answer("GET", "/v1/videos", VideosListed())
    routes.answer("GET", one, VideoRead())
    routes.answer("DELETE", one, VideoDeleted())
    routes.answer("GET", f"{one}/content", VideoContent())
    routes.meter("POST", f"{one}/remix", VideoRemixed(moderation))
    routes.meter("POST", "/v1/videos/edits", VideoEdited(moderation))
    routes.meter("POST", "/v1/videos/extensions", VideoExtended(moderation))
    routes.answer("POST", "/v1/videos/characters", CharacterCreated())
    routes.answer("GET", "/v1/videos/characters/{character_id}", CharacterRead())


def _add_realtime(routes: Routes) -> None:
    one = "/v1/realtime/calls/{call_id}"
    routes.answer("POST", "/v1/realtime/client_secrets", CreateClientSecret())
    routes.answer("POST", "/v1/realtime/sessions", CreateSession())
    routes.answer("POST", "/v1/realtime/transcription_sessions", CreateTranscriptionSession())
    routes.answer("POST", "/v1/realtime", CreateBetaCall())
    routes.answer("POST", "/v1/realtime/calls", CreateCall())
    routes.answer("POST", f"{one}/accept", AcceptCall())
    routes.answer("POST", f"{one}/reject", RejectCall())
    routes.answer("POST", f"{one}/refer", ReferCall())
    routes.answer("POST", f"{one}/hangup", HangUpCall())


def _add_batches(routes: Routes) -> None:
    runner = BatchRunner(routes)
    one = "/v1/batches/{batch_id}"
    routes.answer("POST", "/v1/batches", BatchCreated(runner))
    routes.answer("GET", "/v1/batches", BatchesListed(runner))
    routes.answer("GET", one, BatchRead(runner))
    routes.answer("POST", f"{one}/cancel", BatchCancelled(runner))


def _add_vector_stores(routes: Routes) -> None:
    one = "/v1/vector_stores/{vector_store_id}"
    file, batch = f"{one}/files/{{file_id}}", f"{one}/file_batches/{{batch_id}}"
    routes.answer("POST", "/v1/vector_stores", VectorStoreCreated())
    routes.answer("GET", "/v1/vector_stores", VectorStoresListed())
    routes.answer("GET", one, VectorStoreRead())
    routes.answer("POST", one, VectorStoreChanged())
    routes.answer("DELETE", one, VectorStoreDeleted())
    routes.answer("POST", f"{one}/search", VectorStoreSearched())
    routes.answer("POST", f"{one}/files", StoreFileAdded())
    routes.answer("GET", f"{one}/files", StoreFilesListed())
    routes.answer("GET", file, StoreFileRead())
    routes.answer("POST", file, StoreFileChanged())
    routes.answer("DELETE", file, StoreFileDeleted())
    routes.answer("GET", f"{file}/content", StoreFileContent())
    routes.answer("POST", f"{one}/file_batches", FileBatchCreated())
    routes.answer("GET", batch, FileBatchRead())
    routes.answer("POST", f"{batch}/cancel", FileBatchCancelled())
    routes.answer("GET", f"{batch}/files", FileBatchFiles())


def _add_chatgpt(routes: Routes) -> None:
    """What the Codex CLI and Sora's app ask of ChatGPT's back end."""
    routes.answer("POST", "/backend-api/codex/responses", CodexResponses())
    routes.answer("GET", "/backend-api/codex/responses", CodexUpgrade())
    routes.answer("GET", "/backend-api/codex/models", CodexModels())
    routes.answer("GET", "/backend-api/wham/accounts/check", AccountsCheck())
    routes.answer("GET", "/backend-api/wham/config/bundle", ConfigBundle())
    # Without "/backend-api" in its base URL the CLI asks the last one; other programs ask the second.
    for path in ("/backend-api/wham/usage", "/backend-api/codex/usage", "/api/codex/usage"):
        routes.answer("GET", path, CodexUsage())
    routes.answer("GET", "/backend/nf/check", SoraCheck())
