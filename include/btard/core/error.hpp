// btard/core/error.hpp: the three kinds of failure, as far as the core knows them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace btard {

/// Joins words and numbers into one sentence; numbers in their shortest exact form.
template <class... Parts>
[[nodiscard]] std::string concat(Parts const&... parts) {
    std::string text;
    [[maybe_unused]] auto const append = [&text]<class P>(P const& part) {
        if constexpr (std::convertible_to<P const&, std::string_view>) {
            text += std::string_view{part};
        } else {
            char buffer[40];
            text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, part).ptr);
        }
    };
    (append(parts), ...);
    return text;
}

/// A promise that the calling code broke: a mistake in a program, never in its data.
class contract_violation : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Checks what the caller promised.  The sentence carries the numbers:
/// `expects(out.size() == d, "out has ", out.size(), " elements, the rows have ", d)`.
///
/// @throws contract_violation, in every build: these checks are O(1).
template <class... Parts>
constexpr void expects(bool holds, Parts const&... sentence) {
    if (!holds) throw contract_violation(concat(sentence...));
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
