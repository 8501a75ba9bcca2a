// SPDX-License-Identifier: Apache-2.0
#include "config_file.hpp"
#include "files.hpp"
#include "settings.hpp"

#include <btard/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace btard::apps {

namespace {

constexpr std::size_t most_of_config = std::size_t{1} << 20; // a wrong file may have no end

class reader {
public:
    reader(std::string_view text, std::string const& name) : text_(text), name_(name) {
        constexpr std::string_view mark = "\xef\xbb\xbf"; // some editors begin UTF-8 with it
        if (text_.starts_with(mark)) text_.remove_prefix(mark.size());
    }

    std::vector<given> whole() {
        for (skip_blank_lines(); !at_end(); skip_blank_lines()) {
            if (peek() == '[')
                refuse("tables such as [rule] are not read; right would be a dotted name: rule.tau = 4");
            std::string const name = key();
            if (auto const [first, is_new] = lines_.emplace(name, line_); !is_new)
                refuse("'", name, "' is given a second time, after line ", first->second);
            skip_spaces();
            if (!take('=')) refuse("'=' is missing after '", name, "'");
            skip_spaces();
            if (take('[')) array(name);
            else add(name, value());
            skip_spaces();
            if (!at_end() && peek() != '\n' && peek() != '#')
                refuse("nothing may follow the value of '", name, "', but there is '", rest(), "'");
        }
        return std::move(all_);
    }

private:
    void array(std::string const& name) {
        std::size_t const begin = line_;
        for (;;) {
            skip_blank_lines();
            if (take(']')) {
                if (all_.empty() || all_.back().name != name)
                    refuse("the array of '", name, "' is empty; right would be a value, or no such line");
                return;
            }
            if (at_end()) refuse("the array that begins in line ", begin, " has no ']'");
            add(name, value(), true);
            skip_blank_lines();
            if (!take(',') && !at_end() && peek() != ']')
                refuse("',' or ']' is missing before '", rest(), "'");
        }
    }

    std::string key() {
        if (peek() == '"' || peek() == '\'') return quoted();
        std::string const name{word()};
        if (name.empty()) refuse("a line such as  peers = 16  is expected, not '", rest(), "'");
        return name;
    }

    std::string value() {
        if (!at_end() && (peek() == '"' || peek() == '\'')) return quoted();
        std::string const bare{word()};
        if (bare.empty() || (!at_end() && peek() == '{'))
            refuse("a value is expected; a text needs quotes: '...'");
        return bare;
    }

    std::string quoted() {
        char const quote = text_[at_++];
        std::string letters;
        for (;; ++at_) {
            if (at_end() || peek() == '\n')
                refuse("the text that begins with ", std::string(1, quote), " does not end");
            if (peek() == quote) break;
            if (quote == '\'' || peek() != '\\') {
                letters += peek();
                continue;
            }
            ++at_;
            std::size_t const which = std::string_view{"\"\\nt"}.find(at_end() ? '\0' : peek());
            if (which == std::string_view::npos) refuse(R"(after a \ between "..." only " \ n t are read)");
            letters += "\"\\\n\t"[which];
        }
        ++at_;
        return letters;
    }

    /// Letters of names and numbers; 1'000 is read, since policies read it.
    std::string_view word() {
        std::size_t const begin = at_;
        auto const is_letter = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view{"_.+-'"}.find(c) != std::string_view::npos;
        };
        while (!at_end() && is_letter(peek())) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void add(std::string const& name, std::string text, bool in_array = false) {
        std::string const origin = concat(name_, ":", line_);
        all_.push_back({name, std::move(text), origin, concat(origin, ": ", name), in_array});
    }

    void skip_spaces() {
        while (!at_end() && std::string_view{" \t\r"}.find(peek()) != std::string_view::npos) ++at_;
    }
    void skip_blank_lines() {
        for (;;) {
            skip_spaces();
            if (!at_end() && peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
            if (!take('\n')) return;
            ++line_;
        }
    }
    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return text_[at_]; }
    bool take(char c) {
        bool const there = !at_end() && peek() == c;
        if (there) ++at_;
        return there;
    }
    std::string_view rest() const {
        std::string_view const ahead = text_.substr(at_);
        return ahead.substr(0, std::min(ahead.find('\n'), std::size_t{40}));
    }

    template <class... Parts>
    [[noreturn]] void refuse(Parts const&... sentence) const {
        throw environment_error(errc::bad_text, concat(name_, ":", line_, ": ", sentence...));
    }

    std::string_view text_;
    std::string const& name_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::map<std::string, std::size_t> lines_; // where each name was first given
    std::vector<given> all_;
};

} // namespace

std::vector<given> parse_config(std::string_view text, std::string const& name) {
    return reader{text, name}.whole();
}

void refuse_arrays(std::vector<given> const& file, std::vector<option_info> const& known) {
    for (auto const& one : file) {
        auto const option = std::find_if(known.begin(), known.end(),
                                         [&](option_info const& other) { return other.name == one.name; });
        if (!one.in_array || option == known.end() || option->repeatable) continue;
        std::string right = one.text;
        if (option->kind.find('{') != std::string::npos) { // such as {1, 3}
            right.clear();
            for (auto const& other : file)
                if (other.name == one.name) right += concat(right.empty() ? "{" : ", ", other.text);
            right += '}';
        }
        bool const bare = right.find_first_not_of("0123456789+-.e") == std::string::npos;
        throw environment_error(errc::bad_text,
                                concat(one.place, ": it takes one value, and no array; right would be ",
                                       one.name, " = ", bare ? right : quoted_text(right)));
    }
}

std::vector<given> read_config(std::string const& path) {
    return parse_config(read_file(path, most_of_config), path);
}

} // namespace btard::apps
