# Whether memory stays flat; sourced. Medians: a report at the end takes something of its own, which
# the peak shows.

# The median of the samples between two parts of the time.
middle() { # FILE FROM TO
    awk -v from="$2" -v to="$3" '{ v[NR] = $1 }
        END { for (i = int(NR * from) + 1; i <= NR * to; i++) print v[i] }' "$1" | sort -n |
        awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# One line of figures from a file of KiB, a sample a line; fails where the last fifth of the time took
# 1 % more than the middle one, or the peak is over --memory and 16 MiB. Not from the beginning on:
# memory that was granted early is touched for the first time as the most that is needed at once grows,
# ever more slowly, and the groups of the figures fill up to their share.
flat() { # FILE WHAT MEMORY
    awk -v what="$2" -v most=$(($(numfmt --from=iec "$3") / 1024 + 16384)) -v early="$(middle "$1" 0.2 0.4)" \
        -v half="$(middle "$1" 0.4 0.6)" -v late="$(middle "$1" 0.8 1)" '
        $1 > peak { peak = $1 }
        END {
            printf "soak: %s after a fifth of the time %.1f, halfway %.1f, in the last fifth %.1f, peak %.1f\n",
                   what, early / 1024, half / 1024, late / 1024, peak / 1024
            exit !(NR >= 20 && late <= half * 1.01 && peak <= most)
        }' "$1"
}
