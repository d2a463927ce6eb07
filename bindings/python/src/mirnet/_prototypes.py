"""_prototypes.py - the one table of the C functions: result and arguments of each, in the order of the headers"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

from ctypes import CFUNCTYPE, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p, cast
from typing import Any


# A pointer is handed over as an address, a ctypes array or byref(); the class says what it points to.
class handle(c_void_p):
    """An object of the library."""


class handles(c_void_p):
    """Where the address of a new object goes."""


class buffer(c_void_p):
    """Bytes: void * or char *."""


class floats(c_void_p):
    """float *"""


class doubles(c_void_p):
    """double *"""


class int32s(c_void_p):
    """int32_t *"""


class int64s(c_void_p):
    """int64_t *"""


class sizes(c_void_p):
    """size_t *"""


class arrays(c_void_p):
    """float *const *"""


class texts(c_void_p):
    """char *const * or char **"""


class status(c_int32):
    """mirnet_status: a call that returns it raises what it stands for."""


text, i32, i64, u64, size, real, pointer = c_char_p, c_int32, c_int64, c_uint64, c_size_t, c_double, c_void_p
callback = CFUNCTYPE(c_int32, c_void_p, c_int64, c_int64, c_void_p)
no_callback = cast(0, callback)

PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    # common.h
    "mirnet_status_text": (text, [status]),
    "mirnet_status_name": (text, [status]),
    "mirnet_status_count": (i32, []),
    "mirnet_last_message": (text, []),
    # version.h
    "mirnet_version": (text, []),
    "mirnet_version_number": (i32, []),
    "mirnet_soversion": (i32, []),
    "mirnet_build_info": (text, []),
    # recipe.h
    "mirnet_recipe_create": (status, [handles, text, size, text]),
    "mirnet_recipe_load": (status, [handles, text]),
    "mirnet_recipe_destroy": (None, [handle]),
    "mirnet_recipe_copy": (status, [handles, handle]),
    "mirnet_recipe_builtin_count": (i32, []),
    "mirnet_recipe_builtin_name": (text, [i32]),
    "mirnet_recipe_builtin_json": (text, [i32]),
    "mirnet_recipe_set_number": (status, [handle, text, real]),
    "mirnet_recipe_set_text": (status, [handle, text, text]),
    "mirnet_recipe_get_number": (status, [handle, text, doubles]),
    "mirnet_recipe_get_text": (status, [handle, text, texts]),
    "mirnet_option_count": (i32, []),
    "mirnet_option_key": (text, [i32]),
    "mirnet_option_kind": (i32, [i32]),
    "mirnet_option_help": (text, [i32]),
    "mirnet_option_words": (text, [i32]),
    "mirnet_option_default_text": (text, [i32]),
    "mirnet_option_bounds": (status, [i32, doubles, doubles, doubles]),
    "mirnet_recipe_class_count": (i32, [handle]),
    "mirnet_recipe_get_class": (text, [handle, i32]),
    "mirnet_recipe_set_classes": (status, [handle, texts, i32]),
    "mirnet_recipe_set_class_weight": (status, [handle, i32, real]),
    "mirnet_recipe_get_class_weight": (status, [handle, i32, doubles]),
    "mirnet_recipe_get_json": (text, [handle]),
    # dataset.h
    "mirnet_reader_create": (status, [handles, text]),
    "mirnet_reader_create_mem": (status, [handles, buffer, size, text]),
    "mirnet_reader_destroy": (None, [handle]),
    "mirnet_reader_set": (status, [handle, text, real]),
    "mirnet_reader_run": (status, [handle, int32s]),
    "mirnet_reader_get_name": (text, [handle]),
    "mirnet_reader_get_sequence": (text, [handle]),
    "mirnet_reader_get_structure": (text, [handle]),
    "mirnet_reader_get_class": (text, [handle]),
    "mirnet_reader_get_group": (text, [handle]),
    "mirnet_reader_get_length": (size, [handle]),
    "mirnet_dataset_create": (status, [handles]),
    "mirnet_dataset_destroy": (None, [handle]),
    "mirnet_dataset_set": (status, [handle, text, real]),
    "mirnet_dataset_set_group_column": (status, [handle, text]),
    "mirnet_dataset_map_class": (status, [handle, text, text]),
    "mirnet_dataset_set_classes": (status, [handle, texts, i32]),
    "mirnet_dataset_set_positive": (status, [handle, text]),
    "mirnet_dataset_load": (status, [handle, text, text]),
    "mirnet_dataset_load_mem": (status, [handle, buffer, size, text, text]),
    "mirnet_dataset_add": (status, [handle, text, text, text, text, text]),
    "mirnet_dataset_simulate": (status, [handle, i64, u64]),
    "mirnet_dataset_count": (i64, [handle]),
    "mirnet_dataset_get_name": (text, [handle, i64]),
    "mirnet_dataset_get_sequence": (text, [handle, i64]),
    "mirnet_dataset_get_structure": (text, [handle, i64]),
    "mirnet_dataset_get_group": (text, [handle, i64]),
    "mirnet_dataset_get_length": (i64, [handle, i64]),
    "mirnet_dataset_get_class": (i32, [handle, i64]),
    "mirnet_dataset_class_count": (i32, [handle]),
    "mirnet_dataset_get_class_name": (text, [handle, i32]),
    "mirnet_dataset_get_class_size": (i64, [handle, i32]),
    "mirnet_dataset_get_report": (status, [handle, text, int64s]),
    "mirnet_dataset_get_groups": (status, [handle, text, int64s]),
    "mirnet_dataset_get_digest": (status, [handle, buffer]),
    # encode.h
    "mirnet_encoder_create": (status, [handles, handle]),
    "mirnet_encoder_destroy": (None, [handle]),
    "mirnet_encoder_get_length": (i64, [handle]),
    "mirnet_encoder_get_channels": (i64, [handle]),
    "mirnet_encoder_get_size": (i64, [handle]),
    "mirnet_encoder_run": (status, [handle, text, size, text, floats]),
    # model.h
    "mirnet_model_create": (status, [handles, handle]),
    "mirnet_model_copy": (status, [handles, handle]),
    "mirnet_model_destroy": (None, [handle]),
    "mirnet_model_reset": (status, [handle, u64]),
    "mirnet_model_get_recipe": (pointer, [handle]),
    "mirnet_model_set_text": (status, [handle, text, text]),
    "mirnet_model_set_classes": (status, [handle, texts, i32]),
    "mirnet_model_class_count": (i32, [handle]),
    "mirnet_model_get_class": (text, [handle, i32]),
    "mirnet_model_input_count": (i32, [handle]),
    "mirnet_model_get_input_name": (text, [handle, i32]),
    "mirnet_model_get_shape": (status, [handle, i32, int64s, int32s]),
    "mirnet_model_get_size": (i64, [handle, i32]),
    "mirnet_model_layer_count": (i32, [handle]),
    "mirnet_model_get_layer_name": (text, [handle, i32]),
    "mirnet_model_get_layer_class": (text, [handle, i32]),
    "mirnet_model_get_layer_shape": (status, [handle, i32, int64s, int32s]),
    "mirnet_model_parameter_count": (i64, [handle, i32]),
    "mirnet_model_weight_count": (i32, [handle]),
    "mirnet_model_get_weight_name": (text, [handle, i32]),
    "mirnet_model_get_weight_shape": (status, [handle, text, int64s, int32s]),
    "mirnet_model_get_weight": (status, [handle, text, floats, i64]),
    "mirnet_model_set_weight": (status, [handle, text, floats, i64]),
    "mirnet_model_set_note": (status, [handle, text, text]),
    "mirnet_model_note_count": (i32, [handle]),
    "mirnet_model_get_note_key": (text, [handle, i32]),
    "mirnet_model_get_note": (text, [handle, text]),
    "mirnet_model_has_state": (i32, [handle]),
    "mirnet_model_drop_state": (None, [handle]),
    "mirnet_model_get_summary": (text, [handle]),
    # file.h
    "mirnet_model_save": (status, [handle, text]),
    "mirnet_model_save_mem": (status, [handle, buffer, size, sizes]),
    "mirnet_model_load": (status, [handles, text]),
    "mirnet_model_load_mem": (status, [handles, buffer, size, text]),
    "mirnet_model_load_stateless": (status, [handles, text]),
    "mirnet_tensors_create": (status, [handles]),
    "mirnet_tensors_destroy": (None, [handle]),
    "mirnet_tensors_load": (status, [handles, text]),
    "mirnet_tensors_load_mem": (status, [handles, buffer, size, text]),
    "mirnet_tensors_save": (status, [handle, text]),
    "mirnet_tensors_count": (i32, [handle]),
    "mirnet_tensors_get_name": (text, [handle, i32]),
    "mirnet_tensors_get_shape": (status, [handle, text, int64s, int32s]),
    "mirnet_tensors_get": (pointer, [handle, text]),
    "mirnet_tensors_set": (status, [handle, text, int64s, i32, floats]),
    "mirnet_tensors_get_note": (text, [handle, text]),
    "mirnet_tensors_set_note": (status, [handle, text, text]),
    "mirnet_model_set_weights": (status, [handle, handle, text]),
    # train.h
    "mirnet_trainer_create": (status, [handles, handle]),
    "mirnet_trainer_destroy": (None, [handle]),
    "mirnet_trainer_set_threads": (status, [handle, i32]),
    "mirnet_trainer_set_number": (status, [handle, text, real]),
    "mirnet_trainer_set_text": (status, [handle, text, text]),
    "mirnet_trainer_get_number": (status, [handle, text, doubles]),
    "mirnet_trainer_set_dataset": (status, [handle, handle, int64s, i64]),
    "mirnet_trainer_set_tensors": (status, [handle, arrays, floats, floats, i64]),
    "mirnet_trainer_set_validation_dataset": (status, [handle, handle, int64s, i64]),
    "mirnet_trainer_set_validation_tensors": (status, [handle, arrays, floats, floats, i64]),
    "mirnet_trainer_set_callback": (status, [handle, callback, buffer]),
    "mirnet_trainer_run": (status, [handle]),
    "mirnet_trainer_run_epoch": (status, [handle, int32s]),
    "mirnet_trainer_step": (status, [handle, arrays, floats, floats, i64, doubles]),
    "mirnet_trainer_run_gradient": (status, [handle, arrays, floats, floats, i64, i32, doubles, arrays]),
    "mirnet_trainer_get_gradient": (status, [handle, text, floats, i64]),
    "mirnet_trainer_evaluate": (status, [handle, arrays, floats, floats, i64, doubles, doubles]),
    "mirnet_trainer_get_count": (status, [handle, text, int64s]),
    "mirnet_trainer_get_history": (status, [handle, text, i64, doubles]),
    "mirnet_trainer_store": (status, [handle]),
    "mirnet_trainer_resume": (status, [handle]),
    # predict.h
    "mirnet_predictor_create": (status, [handles, handle, i32]),
    "mirnet_predictor_destroy": (None, [handle]),
    "mirnet_predictor_run": (status, [handle, arrays, i64, floats]),
    "mirnet_predictor_run_sequences": (status, [handle, texts, i64, floats]),
    "mirnet_predictor_run_dataset": (status, [handle, handle, int64s, i64, floats]),
    # folds.h
    "mirnet_folds_create": (status, [handles, int32s, int64s, i64, i32, i32, u64]),
    "mirnet_folds_destroy": (None, [handle]),
    "mirnet_folds_count": (i32, [handle]),
    "mirnet_folds_get_test_size": (i64, [handle, i32]),
    "mirnet_folds_get_train_size": (i64, [handle, i32]),
    "mirnet_folds_get_test": (status, [handle, i32, int64s]),
    "mirnet_folds_get_train": (status, [handle, i32, int64s]),
    "mirnet_folds_get_fold": (i32, [handle, i64]),
    # scores.h
    "mirnet_scores_create": (status, [handles, i32]),
    "mirnet_scores_destroy": (None, [handle]),
    "mirnet_scores_reset": (None, [handle]),
    "mirnet_scores_add": (status, [handle, int32s, floats, i64]),
    "mirnet_scores_add_counts": (status, [handle, i64, i64, i64, i64]),
    "mirnet_scores_get": (status, [handle, text, doubles]),
    "mirnet_scores_key": (text, [i32]),
    "mirnet_scores_get_confusion": (status, [handle, int64s]),
    "mirnet_scores_get_curve": (status, [handle, text, doubles, doubles, int64s]),
    "mirnet_scores_summarize": (status, [doubles, i64, text, doubles]),
}
