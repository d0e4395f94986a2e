#pragma once

// In its own namespace: cereal compiles RapidJSON with other settings, and two different inline
// functions with the same name would violate the one-definition rule.
#define RAPIDJSON_NAMESPACE microgpt::core::json
#define RAPIDJSON_NAMESPACE_BEGIN namespace microgpt::core::json {
#define RAPIDJSON_NAMESPACE_END }
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
