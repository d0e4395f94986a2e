#pragma once

// In a namespace of its own: cereal compiles it with other settings, and where two inline functions
// of one name differ, the linker would take either.
#define RAPIDJSON_NAMESPACE microgpt::core::json
#define RAPIDJSON_NAMESPACE_BEGIN namespace microgpt::core::json {
#define RAPIDJSON_NAMESPACE_END }
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
