// btard/core/error.hpp: the three kinds of failure, as far as the core knows them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace btard {

namespace detail {
/// A word or a number of a sentence.  One type for all of them, so that a sentence costs no code of its own.
class sentence_part {
public:
    template <std::convertible_to<std::string_view> S>
    constexpr sentence_part(S const& text) : kind_(kind::text), text_(text) {}
    template <std::integral I>
        requires(!std::same_as<I, bool>)
    constexpr sentence_part(I value)
        : kind_(std::is_signed_v<I> ? kind::whole : kind::natural), natural_(static_cast<std::uint64_t>(value)) {}
    constexpr sentence_part(float value) : kind_(kind::single), real_(value) {}
    constexpr sentence_part(double value) : kind_(kind::real), real_(value) {}

    void append_to(std::string& text) const {
        char buffer[40];
        char* const last = buffer + sizeof buffer;
        switch (kind_) {
        case kind::text: text += text_; return;
        case kind::whole: text.append(buffer, std::to_chars(buffer, last, std::int64_t(natural_)).ptr); return;
        case kind::natural: text.append(buffer, std::to_chars(buffer, last, natural_).ptr); return;
        case kind::single: text.append(buffer, std::to_chars(buffer, last, float(real_)).ptr); return;
        case kind::real: text.append(buffer, std::to_chars(buffer, last, real_).ptr); return;
        }
    }

private:
    enum class kind : unsigned char { text, whole, natural, single, real };
    kind kind_;
    union {
        std::string_view text_;
        std::uint64_t natural_;
        double real_;
    };
};

[[nodiscard]] inline std::string join(std::initializer_list<sentence_part> parts) {
    std::string text;
    for (sentence_part const& part : parts) part.append_to(text);
    return text;
}
} // namespace detail

/// Joins words and numbers into one sentence; numbers in their shortest exact form.
template <class... Parts>
[[nodiscard]] std::string concat(Parts const&... parts) {
    return detail::join({detail::sentence_part(parts)...});
}

/// A promise that the calling code broke: a mistake in a program, never in its data.
class contract_violation : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

namespace detail {
[[noreturn, gnu::cold, gnu::noinline]] inline void break_contract(std::initializer_list<sentence_part> parts) {
    throw contract_violation(join(parts));
}
} // namespace detail

/// Checks what the caller promised.  The sentence carries the numbers:
/// `expects(out.size() == d, "out has ", out.size(), " elements, the rows have ", d)`.
///
/// @throws contract_violation, in every build: these checks are O(1).
template <class... Parts>
constexpr void expects(bool holds, Parts const&... sentence) {
    if (!holds) detail::break_contract({detail::sentence_part(sentence)...});
}

/// What can go wrong around us; a missing file or a full disk keep their `std::errc`.
enum class errc {
    bad_text = 1,  ///< a policy text or a setting that cannot be understood
    bad_data,      ///< a data file whose content is not what its name promises
    missing_tool,  ///< a program that we would have called is not installed
    unsafe_key,    ///< a key file that others can read or change
    crypto_failed, ///< OpenSSL has no memory or no randomness, or is configured without what we use
};

[[nodiscard]] inline std::error_category const& category() noexcept {
    struct btard_category final : std::error_category {
        char const* name() const noexcept override { return "btard"; }
        std::string message(int code) const override {
            switch (static_cast<errc>(code)) {
            case errc::bad_text: return "this text cannot be understood";
            case errc::bad_data: return "this data cannot be used";
            case errc::missing_tool: return "a program is missing";
            case errc::unsafe_key: return "this key is not safe here";
            case errc::crypto_failed: return "OpenSSL cannot do its work";
            }
            return "unknown";
        }
    };
    static btard_category const the_category;
    return the_category;
}

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), category()};
}

/// An environment failure for callers that prefer an exception: the code, and a sentence for the operator.
class environment_error : public std::runtime_error {
public:
    environment_error(std::error_code code, std::string const& sentence)
        : std::runtime_error(sentence), code_(code) {}
    [[nodiscard]] std::error_code code() const noexcept { return code_; }

private:
    std::error_code code_;
};

} // namespace btard

template <>
struct std::is_error_code_enum<btard::errc> : std::true_type {};
