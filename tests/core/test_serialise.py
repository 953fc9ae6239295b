from understudy.core import errors
from understudy.core.serialise import error_body, pretty


def test_the_edge_indents_by_four_and_ends_in_a_newline() -> None:
    """As recorded for 401, 404 and unreadable JSON; markup is escaped as Go does."""
    assert error_body(errors.unknown_model("<b>&")) == (
        b"{\n"
        b'    "error": {\n'
        b'        "message": "The model `\\u003cb\\u003e\\u0026` does not exist or you do not have access to it.",\n'
        b'        "type": "invalid_request_error",\n'
        b'        "param": null,\n'
        b'        "code": "model_not_found"\n'
        b"    }\n"
        b"}\n"
    )


def test_the_engine_indents_by_two_without_a_final_newline() -> None:
    """As recorded for validation errors."""
    assert error_body(errors.empty_array("messages")) == (
        b"{\n"
        b'  "error": {\n'
        b'    "message": "Invalid \'messages\': empty array. Expected an array with minimum length 1, but got an empty '
        b'array instead.",\n'
        b'    "type": "invalid_request_error",\n'
        b'    "param": "messages",\n'
        b'    "code": "empty_array"\n'
        b"  }\n"
        b"}"
    )


def test_successes_are_indented_by_two_with_text_as_it_is() -> None:
    """Nothing outside ASCII is escaped, and an empty list stays on its line."""
    assert pretty({"text": "世界", "annotations": []}) == '{\n  "text": "世界",\n  "annotations": []\n}'.encode()
